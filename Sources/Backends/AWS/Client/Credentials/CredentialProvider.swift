import CurlHTTP

/// One place where credentials may come from.
package protocol CredentialProvider: Sendable {
    /// The place's name in messages, such as `environment`.
    var name: String { get }

    /// Fetches credentials.
    func credentials() async throws(CredentialFailure) -> AWSCredentials
}

/// Why a place gave no credentials.
package struct CredentialFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whether nothing in the surroundings speaks of this place, so that the next one is tried.
    package var isAbsent: Bool
    /// Whether the calling task was cancelled.
    package var isCancelled = false
    /// What was looked for and what was found; never a secret.
    package var description: String

    /// Makes a failure.
    package init(isAbsent: Bool, description: String) {
        self.isAbsent = isAbsent
        self.description = description
    }

    /// The place is not configured.
    static func absent(_ description: String) -> CredentialFailure {
        CredentialFailure(isAbsent: true, description: description)
    }

    /// The place is configured and does not work; going on to another would be another identity.
    static func failed(_ description: String) -> CredentialFailure {
        CredentialFailure(isAbsent: false, description: description)
    }

    /// The place is configured and did not answer.
    static func unanswered(_ subject: String, _ error: HTTPTransportError) -> CredentialFailure {
        var failure = failed("\(subject): \(error)")
        failure.isCancelled = error.code == .cancelled
        return failure
    }
}
