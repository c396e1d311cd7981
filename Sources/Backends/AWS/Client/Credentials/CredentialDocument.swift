import FoundationEssentials

/// The JSON in which container endpoints, instance metadata and programs hand out credentials.
struct CredentialDocument: Decodable {
    var accessKeyID: String?
    var secretAccessKey: String?
    var token: String?
    /// The same from a program.
    var sessionToken: String?
    /// The version of the form, from a program only.
    var version: Int?
    var expiration: String?
    /// `Success`, or why there are none; instance metadata only.
    var code: String?

    enum CodingKeys: String, CodingKey {
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case sessionToken = "SessionToken"
        case version = "Version"
        case expiration = "Expiration"
        case code = "Code"
    }

    /// Reads credentials; the description of the failure never quotes the document.
    static func credentials(
        in body: [UInt8],
        of place: String,
        isFromProcess: Bool = false
    ) throws(CredentialFailure) -> AWSCredentials {
        let document: CredentialDocument
        do {
            document = try JSONDecoder().decode(CredentialDocument.self, from: Data(body))
        } catch {
            throw .failed("\(place) answered something that is not JSON credentials")
        }
        if let code = document.code, code != "Success" {
            throw .failed("\(place) answered with the code \(code.prefix(100))")
        }
        guard !isFromProcess || document.version == 1 else {
            throw .failed("\(place) answered without the version 1")
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
            sessionToken: isFromProcess ? document.sessionToken : document.token,
            expiration: expiration
        )
    }
}
