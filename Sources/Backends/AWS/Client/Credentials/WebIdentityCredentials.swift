import CurlHTTP
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
        let call = AWSCall(
            operation: "AssumeRoleWithWebIdentity",
            headers: [.init("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: URIEscaping.form([
                ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
                ("RoleSessionName", sessionName ?? "martlet"), ("WebIdentityToken", token),
            ])
        )
        do throws(AWSError) {
            return try credentials(in: try await sts.send(call).response.body)
        } catch {
            var failure = CredentialFailure.failed("role \(role): \(error)")
            failure.isCancelled = error.kind == .cancelled
            throw failure
        }
    }

    private static func credentials(in body: [UInt8]) throws(AWSError) -> AWSCredentials {
        let root: XMLElement
        do throws(XMLReader.Failure) {
            root = try XMLReader.read(body)
        } catch {
            throw AWSError(.malformed, "STS's answer is not XML (\(error))")
        }
        guard let element = root.firstDescendant("Credentials"),
            let id = element.value("AccessKeyId"), let secret = element.value("SecretAccessKey"),
            let token = element.value("SessionToken"),
            let expiration = element.value("Expiration").flatMap(AWSTime.parseTimestamp)
        else {
            throw AWSError(.malformed, "STS's answer has no credentials")
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: token,
            expiration: expiration
        )
    }
}
