package import CurlHTTP

/// Keys, a role or a program from a profile of the shared files.
///
/// The files are read again at every fetch, so that a rotated key is seen. The order within a profile is that of AWS's
/// SDK for Go: a role with a source profile, keys, a role with a credential source, a web identity, a program.
package struct ProfileCredentials: CredentialProvider {
    package let name = "profile"
    private let chosen: String?
    private let sts: AWSClient
    private let transport: any HTTPTransport
    private let environment: AWSEnvironment
    private let initial: SharedConfiguration

    /// Makes a provider of a profile, by default the one that the environment chooses; the client must not sign.
    package init(
        profile: String?,
        shared: SharedConfiguration,
        sts: AWSClient,
        transport: any HTTPTransport,
        environment: AWSEnvironment
    ) {
        self.chosen = profile
        self.initial = shared
        self.sts = sts
        self.transport = transport
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
        guard let found = try await credentials(of: [profile], in: shared) else {
            throw .absent("profile '\(profile)' has no keys")
        }
        return found
    }

    /// The credentials of the last profile of a path, in which each is the source of the one before; `nil` if it has
    /// none.
    private func credentials(
        of path: [String],
        in shared: SharedConfiguration
    ) async throws(CredentialFailure) -> AWSCredentials? {
        let profile = path.last ?? ""
        let values = shared.profile(profile)
        if let role = values["role_arn"], let source = values["source_profile"] {
            let key = try await source == profile ? keys(values) : credentials(of: source, after: path, in: shared)
            guard let key else { throw .failed("profile '\(source)', a source_profile, has no keys") }
            return try await assume(role, values, with: key)
        }
        if let key = keys(values) { return key }
        if let role = values["role_arn"], let place = values["credential_source"] {
            return try await assume(role, values, with: try await source(place, of: profile))
        }
        if let key = ["sso_session", "sso_start_url"].first(where: { values[$0] != nil }) {
            throw .failed("profile '\(profile)' uses \(key), which needs a browser; use a role, keys or a program")
        }
        if let role = values["role_arn"], let file = values["web_identity_token_file"] {
            return try await WebIdentityCredentials.assume(
                role: role,
                tokenFile: file,
                sessionName: values["role_session_name"],
                sts: sts
            )
        }
        guard let command = values["credential_process"] else { return nil }
        return try await ProcessCredentials(command: command).credentials()
    }

    private func credentials(
        of source: String,
        after path: [String],
        in shared: SharedConfiguration
    ) async throws(CredentialFailure) -> AWSCredentials? {
        guard !path.contains(source) else { throw .failed("profile '\(source)' is its own source_profile in the end") }
        guard shared.hasProfile(source) else { throw .failed("no profile '\(source)', which is a source_profile") }
        return try await credentials(of: path + [source], in: shared)
    }

    private func keys(_ values: [String: String]) -> AWSCredentials? {
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { return nil }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: values["aws_session_token"])
    }

    /// The credentials of a place outside of the shared files.
    private func source(_ place: String, of profile: String) async throws(CredentialFailure) -> AWSCredentials {
        let provider: any CredentialProvider
        switch place {
        case "Environment": provider = EnvironmentCredentials(environment: environment)
        case "EcsContainer": provider = ContainerCredentials(transport: transport, environment: environment)
        case "Ec2InstanceMetadata":
            provider = InstanceMetadataCredentials(transport: transport, environment: environment)
        default: throw .failed("profile '\(profile)' has an unknown credential_source")
        }
        do throws(CredentialFailure) {
            return try await provider.credentials()
        } catch {
            var failure = error
            failure.isAbsent = false
            throw failure
        }
    }

    private func assume(
        _ role: String,
        _ values: [String: String],
        with key: AWSCredentials
    ) async throws(CredentialFailure) -> AWSCredentials {
        guard values["mfa_serial"] == nil else {
            throw .failed("role \(role) needs a code of mfa_serial, which nobody can type here")
        }
        return try await SecurityTokenService.assume(role: role, settings: values, with: sts.signing(with: key))
    }
}
