import CurlHTTP
import Digest
import ServerCore

/// Signs and sends one job.
struct WebhookSender: Sendable {
    /// The fields that make the request what it is; a webhook's own fields of these names are left out.
    private static let reserved = [
        "Content-Type", "X-Pusher-Key", "X-Pusher-Signature", "Content-Length", "Transfer-Encoding", "Connection",
        "Expect", "TE", "Upgrade",
    ]
    /// Endpoints answer with next to nothing; what they say beyond the status is not read.
    private static let maxResponseBytes = 64 * 1024

    let apps: any AppManager
    let transport: any HTTPTransport
    let configuration: WebhookConfiguration
    /// Invokes the functions that stand in the place of URLs.
    let lambda: (any LambdaInvoker)?

    /// What became of one try.
    enum Outcome: Sendable {
        /// The endpoint answered with 2xx.
        case delivered
        /// It answered otherwise.
        case refused(status: Int, RetryPolicy)
        /// It did not answer, or could not be reached.
        case failed(reason: String, RetryPolicy)
        /// It could not be asked, for a reason on this side.
        case postponed(reason: String, RetryPolicy)
        /// There is nothing to try again.
        case hopeless(reason: String)
        /// The task was cancelled.
        case cancelled
    }

    func send(_ job: WebhookJob) async -> Outcome {
        let app: App?
        do throws(BackendError) {
            app = try await apps.app(id: job.destination.appID)
        } catch {
            return .postponed(reason: "app lookup: \(error.code.rawValue)", RetryPolicy(configuration.retry))
        }
        guard let app else { return .hopeless(reason: "the app does not exist any more") }
        guard let webhook = job.destination.webhook(in: app) else {
            return .hopeless(reason: "the webhook does not exist any more")
        }
        let policy = RetryPolicy(configuration.retry, override: webhook.retry)
        if let function = webhook.lambda {
            return await invoke(function, job, webhook, policy)
        }
        do throws(HTTPTransportError) {
            let response = try await transport.send(request(job, app: app, webhook: webhook))
            return (200..<300).contains(response.status) ? .delivered : .refused(status: response.status, policy)
        } catch {
            return Self.outcome(of: error, policy)
        }
    }

    /// Invokes a function with the body that a request would have.
    private func invoke(
        _ function: LambdaFunction,
        _ job: WebhookJob,
        _ webhook: Webhook,
        _ policy: RetryPolicy
    ) async -> Outcome {
        guard let lambda else { return .hopeless(reason: "functions are not offered here") }
        do throws(BackendError) {
            try await lambda.invoke(function, payload: job.body, timeout: timeout(of: webhook))
            return .delivered
        } catch {
            return Task.isCancelled ? .cancelled : .failed(reason: "lambda: \(error)", policy)
        }
    }

    private func timeout(of webhook: Webhook) -> Duration {
        webhook.requestTimeout ?? configuration.requestTimeout
    }

    private static func outcome(of error: HTTPTransportError, _ policy: RetryPolicy) -> Outcome {
        switch error.code {
        case .cancelled:
            .cancelled
        case .invalidRequest:
            .hopeless(reason: "\(error)")
        case .queueFull, .closed, .failed:
            .postponed(reason: error.code.rawValue, policy)
        case .responseTooLarge:
            // What counts is that the endpoint took the events, however much it has to say about it.
            if let status = error.status {
                (200..<300).contains(status) ? .delivered : .refused(status: status, policy)
            } else {
                .failed(reason: error.code.rawValue, policy)
            }
        case .dns, .connect, .tls, .timeout, .reset, .malformedResponse:
            .failed(reason: error.code.rawValue, policy)
        }
    }

    private func request(_ job: WebhookJob, app: App, webhook: Webhook) -> HTTPRequest {
        var request = HTTPRequest(
            method: "POST",
            url: webhook.url,
            headers: [
                HTTPField("Content-Type", "application/json"),
                HTTPField("X-Pusher-Key", app.key),
                HTTPField("X-Pusher-Signature", HMACKey(secret: app.secret).sign(job.body).hex),
            ],
            body: job.body
        )
        for field in webhook.headers.map({ HTTPField($0.name, $0.value) })
        where !Self.reserved.contains(where: field.isNamed) {
            request.headers.append(field)
        }
        request.timeout = timeout(of: webhook)
        request.maxResponseBytes = Self.maxResponseBytes
        return request
    }
}
