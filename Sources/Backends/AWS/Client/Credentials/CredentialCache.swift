import FoundationEssentials
import Logging
import ServerCore

/// Holds the credentials and fetches new ones before they end, once for all who ask.
///
/// Within the last minutes of their life one caller fetches while the others go on with the old; a fetch that fails
/// then leaves the old in use until their end and is tried again after a pause. Without usable credentials all callers
/// wait for the one fetch and share its outcome.
package actor CredentialCache {
    private let provider: any CredentialProvider
    private let environment: AWSEnvironment
    private var current: Held?
    private var isFetching = false
    private var waiters: [CheckedContinuation<Result<AWSCredentials, AWSError>?, Never>] = []

    /// Credentials in use.
    private struct Held {
        var credentials: AWSCredentials
        /// From when on new ones are fetched.
        var refreshAt: Date?
        /// Whether a service refused them, so that nobody goes on with them while new ones are fetched.
        var isRejected = false

        func isUsable(_ now: Date) -> Bool {
            credentials.expiration.map { now < $0 } ?? true
        }

        func isFresh(_ now: Date) -> Bool {
            refreshAt.map { now < $0 } ?? true
        }
    }

    /// Makes an empty cache in front of a provider.
    package init(provider: any CredentialProvider, environment: AWSEnvironment) {
        self.provider = provider
        self.environment = environment
    }

    /// Returns credentials that have not ended.
    package func credentials() async throws(AWSError) -> AWSCredentials {
        while true {
            let now = environment.now()
            if let current, current.isUsable(now), !current.isRejected, isFetching || current.isFresh(now) {
                return current.credentials
            }
            guard isFetching else { return try await fetch() }
            let outcome = await withCheckedContinuation { waiters.append($0) }
            // Nobody has an outcome when the task that fetched was cancelled: the next one fetches.
            if let outcome { return try outcome.get() }
        }
    }

    /// Has new credentials fetched because a service refused these; others that came meanwhile stay.
    ///
    /// At most every few seconds, so that a key that is simply wrong does not load its source.
    package func reject(_ refused: AWSCredentials) {
        guard current?.credentials == refused else { return }
        let now = environment.now()
        if let rejectedAt, now.timeIntervalSince(rejectedAt) < Self.pause { return }
        rejectedAt = now
        current?.isRejected = true
    }

    private var rejectedAt: Date?

    /// Seconds between attempts while the old credentials are still good.
    private static let pause: TimeInterval = 5
    /// The longest time before their end at which new credentials are fetched, in seconds.
    private static let window: TimeInterval = 300

    private func fetch() async throws(AWSError) -> AWSCredentials {
        isFetching = true
        let outcome: Result<AWSCredentials, CredentialFailure>
        do throws(CredentialFailure) {
            outcome = .success(try await provider.credentials())
        } catch {
            outcome = .failure(error)
        }
        isFetching = false
        let waiting = waiters
        waiters = []
        let result = settle(outcome)
        let isCancelled = if case .failure(let error) = result { error.kind == .cancelled } else { false }
        for waiter in waiting {
            waiter.resume(returning: isCancelled ? nil : result)
        }
        return try result.get()
    }

    private func settle(_ outcome: Result<AWSCredentials, CredentialFailure>) -> Result<AWSCredentials, AWSError> {
        let now = environment.now()
        switch outcome {
        case .success(let credentials):
            current = Held(credentials: credentials, refreshAt: Self.refreshDate(credentials, now))
            return .success(credentials)
        case .failure(let failure):
            guard let held = current, held.isUsable(now) else {
                let kind = failure.isCancelled ? AWSError.Kind.cancelled : .credentials
                return .failure(AWSError(kind, "no AWS credentials; looked in \(failure)"))
            }
            current?.refreshAt = failure.isCancelled ? now : now.addingTimeInterval(Self.pause)
            current?.isRejected = false
            environment.logger.warning(
                "AWS credentials could not be renewed and stay in use until they end",
                metadata: Logger.Metadata([.errorMessage: "\(failure)"])
            )
            return .success(held.credentials)
        }
    }

    /// Five minutes before the end, or in the last third of a shorter life.
    private static func refreshDate(_ credentials: AWSCredentials, _ now: Date) -> Date? {
        credentials.expiration.map { end in
            end.addingTimeInterval(-min(window, max(0, end.timeIntervalSince(now)) / 3))
        }
    }
}
