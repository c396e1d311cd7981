package import CurlHTTP
import FoundationEssentials

/// The credentials of an ECS task or of an EKS pod (EKS Pod Identity), from an endpoint that the platform names.
package struct ContainerCredentials: CredentialProvider {
    package let name = "container"
    private let request: MetadataRequest
    private let environment: AWSEnvironment

    /// Makes a provider.
    package init(transport: any HTTPTransport, environment: AWSEnvironment) {
        self.request = MetadataRequest(transport: transport, environment: environment, timeout: .seconds(2))
        self.environment = environment
    }

    package func credentials() async throws(CredentialFailure) -> AWSCredentials {
        let url = try url()
        let headers = try authorization().map { [HTTPField("Authorization", $0)] } ?? []
        let response: HTTPResponse
        do throws(HTTPTransportError) {
            response = try await request.send(url, headers: headers + [HTTPField("Accept", "application/json")])
        } catch {
            throw .unanswered(url, error)
        }
        guard response.status == 200 else { throw .failed("\(url) answered with status \(response.status)") }
        return try CredentialDocument.credentials(in: response.body, of: url)
    }

    private func url() throws(CredentialFailure) -> String {
        if let relative = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard relative.hasPrefix("/") else {
                throw .failed("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash")
            }
            return "http://169.254.170.2\(relative)"
        }
        guard let full = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") else {
            throw .absent("AWS_CONTAINER_CREDENTIALS_FULL_URI and …_RELATIVE_URI are not set")
        }
        guard Self.isAllowed(full) else {
            throw .failed(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to the loopback interface, 169.254.170.2, "
                    + "169.254.170.23 or fd00:ec2::23"
            )
        }
        return full
    }

    /// Says whether a URL may be sent the token: the hosts that the SDKs allow.
    static func isAllowed(_ url: String) -> Bool {
        let bare = url.prefix { $0 != "?" && $0 != "#" }
        guard let endpoint = AWSEndpoint(String(bare)) else { return false }
        if endpoint.scheme == "https" { return true }
        let host = endpoint.host
        if ["localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(host) { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The value of `Authorization`; a token file is read anew each time, since the platform rotates it.
    private func authorization() throws(CredentialFailure) -> String? {
        guard let file = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return try checked(environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
        }
        guard let data = FileManager.default.contents(atPath: file), data.count <= 1 << 16 else {
            throw .failed("the token file \(file) cannot be read")
        }
        var text = Substring(decoding: data, as: UTF8.self)
        while let last = text.last, last.isNewline {
            text = text.dropLast()
        }
        return try checked(text.trimmed)
    }

    private func checked(_ token: String?) throws(CredentialFailure) -> String? {
        guard let token else { return nil }
        guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw .failed("the authorization token must not contain line breaks or control characters")
        }
        return token
    }
}
