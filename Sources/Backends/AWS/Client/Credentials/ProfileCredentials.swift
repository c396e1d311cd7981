/// Keys, or a role for a web identity, from a profile of the shared files.
///
/// The files are read again at every fetch, so that a rotated key is seen.
package struct ProfileCredentials: CredentialProvider {
    package let name = "profile"
    private let chosen: String?
    private let sts: AWSClient
    private let environment: AWSEnvironment
    private let initial: SharedConfiguration

    /// Makes a provider of a profile, by default the one that the environment chooses.
    package init(profile: String?, shared: SharedConfiguration, sts: AWSClient, environment: AWSEnvironment) {
        self.chosen = profile
        self.initial = shared
        self.sts = sts
        self.environment = environment
    }

    package func credentials() async throws(CredentialFailure) -> AWSCredentials {
        let shared = SharedConfiguration(environment: environment)
        let profile = chosen ?? initial.defaultProfile
        guard shared.hasProfile(profile) else {
            let isAsked = chosen != nil || environment.variable("AWS_PROFILE") != nil
            let message = "no profile '\(profile)' in the shared config and credentials files"
            throw isAsked ? .failed(message) : .absent(message)
        }
        let values = shared.profile(profile)
        if let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] {
            return AWSCredentials(
                accessKeyID: id,
                secretAccessKey: secret,
                sessionToken: values["aws_session_token"]
            )
        }
        if let role = values["role_arn"], let file = values["web_identity_token_file"] {
            return try await WebIdentityCredentials.assume(
                role: role,
                tokenFile: file,
                sessionName: values["role_session_name"],
                sts: sts
            )
        }
        let foreign = ["source_profile", "credential_source", "credential_process", "sso_session", "sso_start_url"]
        if let key = foreign.first(where: { values[$0] != nil }) {
            throw .failed("profile '\(profile)' uses \(key), which is not supported; use keys or a web identity")
        }
        throw .absent("profile '\(profile)' has no keys")
    }
}
