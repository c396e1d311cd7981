package import ServerCore

/// How AWS is reached, for one service.
package struct AWSConfiguration: Sendable, Equatable {
    /// The region; `nil` takes `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, or ``fallbackRegion``.
    package var region: String?
    /// The service's URL instead of AWS's own, for emulators and VPC endpoints.
    package var endpointURL: String?
    /// Static keys, both or none; without them the chain of the SDKs is searched.
    package var accessKeyID: String?
    package var secretAccessKey: String?
    package var sessionToken: String?
    /// The profile of the shared files; `nil` takes `AWS_PROFILE` or `default`.
    package var profile: String?
    /// `nil` takes `AWS_USE_FIPS_ENDPOINT` or the profile's.
    package var usesFIPS: Bool?
    /// `nil` takes `AWS_USE_DUALSTACK_ENDPOINT` or the profile's.
    package var usesDualStack: Bool?
    /// How often a request is sent at most; `nil` takes `AWS_MAX_ATTEMPTS` or 3.
    package var maxAttempts: Int?
    /// The time for one call with all its attempts.
    package var callTimeout = Duration.seconds(10)
    /// The time for one attempt.
    package var attemptTimeout = Duration.seconds(4)

    /// The region that Sockudo takes when it is told none.
    package static let fallbackRegion = "us-east-1"

    /// Makes the defaults.
    package init() {}

    /// Lists what cannot work, with keys below `prefix`, such as `queue.sqs`.
    package func validate(_ prefix: String) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            region.map(Self.isRegion) ?? true,
            "\(prefix).region",
            "must be a region's name, such as eu-central-1"
        )
        problems.require(
            endpointURL.map { AWSEndpoint($0) != nil } ?? true,
            "\(prefix).endpoint_url",
            "must be an http or https URL without user, query and fragment"
        )
        problems.require(
            (accessKeyID == nil) == (secretAccessKey == nil),
            "\(prefix).aws_access_key_id",
            "needs aws_secret_access_key, and the other way round"
        )
        problems.require(maxAttempts ?? 1 >= 1, "\(prefix).max_attempts", "must be at least 1")
        problems.require(callTimeout > .zero, "\(prefix).timeout_ms", "must be at least 1")
        return problems
    }

    private static func isRegion(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 63
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }
}
