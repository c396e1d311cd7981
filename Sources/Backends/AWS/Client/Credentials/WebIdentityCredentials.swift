import FoundationEssentials

/// A role that STS gives for a token file, as IAM roles for service accounts on EKS do (IRSA).
package struct WebIdentityCredentials: CredentialProvider {
    package let name = "web identity"
    private let sts: AWSClient
    private let environment: AWSEnvironment

    /// Makes a provider; the client must not sign.
    package init(sts: AWSClient, environment: AWSEnvironment) {
        self.sts = sts
        self.environment = environment
    }

    package func credentials() async throws(CredentialFailure) -> AWSCredentials {
        guard let file = environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE") else {
            throw .absent("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
        }
        guard let role = environment.variable("AWS_ROLE_ARN") else {
            throw .failed("AWS_WEB_IDENTITY_TOKEN_FILE needs AWS_ROLE_ARN")
        }
        return try await Self.assume(
            role: role,
            tokenFile: file,
            sessionName: environment.variable("AWS_ROLE_SESSION_NAME"),
            sts: sts
        )
    }

    /// Trades the token in a file, read anew, for a role's credentials (STS API, `AssumeRoleWithWebIdentity`).
    static func assume(
        role: String,
        tokenFile: String,
        sessionName: String?,
        sts: AWSClient
    ) async throws(CredentialFailure) -> AWSCredentials {
        guard let data = FileManager.default.contents(atPath: tokenFile), data.count <= 1 << 16 else {
            throw .failed("the token file \(tokenFile) cannot be read")
        }
        let token =
            Substring(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(\.trimmed) ?? ""
        guard !token.isEmpty else { throw .failed("the token file \(tokenFile) is empty") }
        return try await SecurityTokenService.call(
            "AssumeRoleWithWebIdentity",
            role: role,
            form: [("RoleSessionName", sessionName ?? "martlet"), ("WebIdentityToken", token)],
            sts: sts
        )
    }
}
