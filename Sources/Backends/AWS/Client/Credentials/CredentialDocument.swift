import FoundationEssentials

/// The JSON in which container endpoints and instance metadata hand out credentials.
struct CredentialDocument: Decodable {
    var accessKeyID: String?
    var secretAccessKey: String?
    var token: String?
    var expiration: String?
    /// `Success`, or why there are none; instance metadata only.
    var code: String?

    enum CodingKeys: String, CodingKey {
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
        case code = "Code"
    }

    /// Reads credentials; the description of the failure never quotes the document.
    static func credentials(in body: [UInt8], of place: String) throws(CredentialFailure) -> AWSCredentials {
        let document: CredentialDocument
        do {
            document = try JSONDecoder().decode(CredentialDocument.self, from: Data(body))
        } catch {
            throw .failed("\(place) answered something that is not JSON credentials")
        }
        if let code = document.code, code != "Success" {
            throw .failed("\(place) answered with the code \(code.prefix(100))")
        }
        guard let id = document.accessKeyID, let secret = document.secretAccessKey, !id.isEmpty, !secret.isEmpty else {
            throw .failed("\(place) answered without a key")
        }
        var expiration: Date?
        if let text = document.expiration {
            guard let date = AWSTime.parseTimestamp(text) else {
                throw .failed("\(place) answered with an expiration that is no time")
            }
            expiration = date
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: document.token,
            expiration: expiration
        )
    }
}
