package import CurlHTTP

/// The role of an EC2 instance, from its metadata service, version 2 only.
package struct InstanceMetadataCredentials: CredentialProvider {
    package let name = "instance metadata"
    private let request: MetadataRequest
    private let environment: AWSEnvironment

    /// Makes a provider.
    package init(transport: any HTTPTransport, environment: AWSEnvironment) {
        // The service is one hop away or not there at all.
        self.request = MetadataRequest(
            transport: transport,
            environment: environment,
            timeout: .seconds(1),
            maxAttempts: 2
        )
        self.environment = environment
    }

    package func credentials() async throws(CredentialFailure) -> AWSCredentials {
        guard !environment.flag("AWS_EC2_METADATA_DISABLED") else {
            throw .absent("AWS_EC2_METADATA_DISABLED is true")
        }
        let base = try base()
        let token = try await token(base)
        let fields = [HTTPField("X-aws-ec2-metadata-token", token)]
        let roles = try await text("\(base)\(Self.rolePath)", fields)
        guard let role = roles.split(whereSeparator: \.isNewline).first?.trimmed, !role.isEmpty else {
            throw .absent("the instance has no role")
        }
        let url = "\(base)\(Self.rolePath)\(URIEscaping.encode(role))"
        return try CredentialDocument.credentials(in: Array(try await text(url, fields).utf8), of: url)
    }

    private static let rolePath = "/latest/meta-data/iam/security-credentials/"

    private func base() throws(CredentialFailure) -> String {
        if let named = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            guard let endpoint = AWSEndpoint(named) else {
                throw .failed("AWS_EC2_METADATA_SERVICE_ENDPOINT must be an http or https URL")
            }
            return endpoint.url("")
        }
        let isIPv6 = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() == "ipv6"
        return isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
    }

    private func token(_ base: String) async throws(CredentialFailure) -> String {
        let response: HTTPResponse
        do throws(HTTPTransportError) {
            response = try await request.send(
                "\(base)/latest/api/token",
                method: "PUT",
                headers: [HTTPField("X-aws-ec2-metadata-token-ttl-seconds", "300")]
            )
        } catch {
            var failure = CredentialFailure.absent("\(base): \(error)")
            failure.isCancelled = error.code == .cancelled
            throw failure
        }
        guard response.status == 200 else {
            throw .absent("\(base) answered a request for a token with status \(response.status)")
        }
        let token = Substring(decoding: response.body, as: UTF8.self).trimmed
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .failed("\(base) answered with a token that is none")
        }
        return token
    }

    private func text(_ url: String, _ fields: [HTTPField]) async throws(CredentialFailure) -> String {
        let response: HTTPResponse
        do throws(HTTPTransportError) {
            response = try await request.send(url, headers: fields)
        } catch {
            throw .unanswered(url, error)
        }
        guard response.status != 404 else { throw .absent("\(url) answered with status 404") }
        guard response.status == 200 else { throw .failed("\(url) answered with status \(response.status)") }
        return String(decoding: response.body, as: UTF8.self)
    }
}
