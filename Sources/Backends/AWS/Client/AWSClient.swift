package import CurlHTTP
import FoundationEssentials
import Logging
import ServerCore
import Synchronization

/// Sends calls to one service: signs them, repeats them as the SDKs' standard mode does, and reads errors.
///
/// The differences between this machine's clock and the service's, and the quota of retries, are shared by all calls.
package final class AWSClient: Sendable {
    private let service: AWSService
    private let endpoint: AWSEndpoint
    private let signer: SigV4Signer
    private let credentials: CredentialCache?
    private let transport: any HTTPTransport
    private let settings: AWSClientSettings
    private let environment: AWSEnvironment
    private let quota: RetryQuota
    /// What is added to the local time of day so that it is the service's, in seconds.
    private let clockOffset = Mutex<TimeInterval>(0)

    /// Makes a client of a service; without credentials it does not sign.
    package init(
        service: AWSService,
        endpoint: AWSEndpoint,
        region: String,
        credentials: CredentialCache?,
        transport: any HTTPTransport,
        settings: AWSClientSettings,
        environment: AWSEnvironment
    ) {
        self.service = service
        self.endpoint = endpoint
        self.signer = SigV4Signer(region: region, service: service.signingName)
        self.credentials = credentials
        self.transport = transport
        self.settings = settings
        self.environment = environment
        self.quota = RetryQuota()
    }

    /// The same client, signing with a key that stays.
    func signing(with key: AWSCredentials) -> AWSClient {
        AWSClient(
            service: service,
            endpoint: endpoint,
            region: signer.region,
            credentials: CredentialCache(provider: StaticCredentials(key), environment: environment),
            transport: transport,
            settings: settings,
            environment: environment
        )
    }

    /// Sends a call until it succeeds, cannot succeed, or its time is over.
    package func send(_ call: AWSCall) async throws(AWSError) -> AWSReply {
        let deadline = ContinuousClock.now + (call.timeout ?? settings.callTimeout)
        var plan = RetryPlan(maxAttempts: settings.maxAttempts)
        let metrics = environment.metrics.operation(call.operation, of: service)
        while true {
            let start = ContinuousClock.now
            let attempt = await attempt(call, until: deadline)
            metrics.ended(after: ContinuousClock.now - start, error: attempt.error)
            switch attempt.result {
            case .success(let response):
                quota.giveBack(plan.debt)
                return AWSReply(response: response, attempts: plan.attempts + 1)
            case .failure(let error):
                let decision = plan.next(
                    after: error,
                    recovery: await recovery(from: error, attempt),
                    jitter: environment.jitter(),
                    quota: quota
                )
                guard case .again(let pause) = decision, ContinuousClock.now + pause < deadline else {
                    throw plan.final(error)
                }
                logRetry(call, error, plan)
                metrics.retried()
                try await wait(pause)
            }
        }
    }

    /// One attempt with what its failure is judged by.
    private struct Attempt {
        var result: Result<HTTPResponse, AWSError>
        var credentials: AWSCredentials?
        /// The local time at which it was signed, corrected.
        var signedAt: Date
        /// The service's time, if it answered.
        var serverDate: Date?
        /// The pause that the service asks for.
        var retryAfter: Duration?

        var error: AWSError? {
            guard case .failure(let error) = result else { return nil }
            return error
        }
    }

    private func attempt(_ call: AWSCall, until deadline: ContinuousClock.Instant) async -> Attempt {
        let date = environment.now().addingTimeInterval(clockOffset.withLock { $0 })
        var attempt = Attempt(result: .failure(AWSError(.transport, "")), signedAt: date)
        do throws(AWSError) {
            attempt.credentials = try await credentials?.credentials()
            let remaining = deadline - ContinuousClock.now
            guard remaining > .zero else { throw AWSError(.transport, "the time for \(call.operation) was over") }
            let response = try await exchange(call, attempt.credentials, date, within: remaining)
            attempt.serverDate = response.value(of: "Date").flatMap(AWSTime.parseHTTPDate)
            attempt.retryAfter = ErrorDecoder.retryAfter(in: response)
            guard (200..<300).contains(response.status) else {
                throw ErrorDecoder.error(in: response, of: call.operation)
            }
            attempt.result = .success(response)
        } catch {
            attempt.result = .failure(error)
        }
        return attempt
    }

    private func exchange(
        _ call: AWSCall,
        _ key: AWSCredentials?,
        _ date: Date,
        within remaining: Duration
    ) async throws(AWSError) -> HTTPResponse {
        var headers = [HTTPField("Host", endpoint.authority)] + call.headers
        if let key {
            let signed = SigV4Request(
                method: call.method,
                path: endpoint.basePath + call.path,
                headers: headers,
                body: call.body
            )
            headers += signer.headers(for: signed, credentials: key, date: date)
        }
        headers.append(HTTPField("User-Agent", "martlet"))
        var request = HTTPRequest(method: call.method, url: endpoint.url(call.path), headers: headers, body: call.body)
        request.timeout = min(call.attemptTimeout ?? settings.attemptTimeout, remaining)
        request.maxResponseBytes = call.maxResponseBytes
        do throws(HTTPTransportError) {
            return try await transport.send(request)
        } catch {
            throw ErrorDecoder.error(from: error, of: call.operation)
        }
    }

    /// Learns from a refusal what makes the next attempt different.
    private func recovery(from error: AWSError, _ attempt: Attempt) async -> RetryPlan.Recovery {
        var recovery = RetryPlan.Recovery(retryAfter: attempt.retryAfter)
        if let serverDate = attempt.serverDate, RetryPlan.canBeSkew(error) {
            let difference = serverDate.timeIntervalSince(attempt.signedAt)
            if abs(difference) > Self.toleratedSkew {
                clockOffset.withLock { $0 = serverDate.timeIntervalSince(environment.now()) }
                recovery.correctedClock = true
            }
        }
        if !recovery.correctedClock, RetryPlan.canBeStaleKey(error), let credentials, let used = attempt.credentials {
            await credentials.reject(used)
            let fresh: AWSCredentials?
            do {
                fresh = try await credentials.credentials()
            } catch {
                // The refusal itself is the better message; the chain's failure is logged by the cache.
                fresh = nil
            }
            recovery.changedKey = fresh.map { $0 != used } ?? false
        }
        return recovery
    }

    /// AWS accepts five minutes and more; the SDKs correct from four.
    private static let toleratedSkew: TimeInterval = 240

    private func logRetry(_ call: AWSCall, _ error: AWSError, _ plan: RetryPlan) {
        environment.logger.debug(
            "AWS call is sent again",
            metadata: .init([
                .backendSystem: "\(service.rawValue)", .attempt: "\(plan.attempts + 1)", .errorMessage: "\(error)",
            ])
        )
    }

    private func wait(_ pause: Duration) async throws(AWSError) {
        guard pause > .zero else { return }
        do {
            try await environment.sleep(pause)
        } catch {
            throw AWSError(.cancelled, "the task was cancelled")
        }
    }
}
