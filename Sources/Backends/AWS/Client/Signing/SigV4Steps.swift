import Digest

/// The texts between a request and its signature (AWS SigV4, steps 1 to 3).
struct SigV4Steps {
    var request: SigV4Request
    var query: String
    var headers: [(name: String, value: String)]
    /// Such as `20150830T123600Z`.
    var timestamp: String
    var signer: SigV4Signer

    /// The names of the signed fields, such as `host;x-amz-date`.
    var signedHeaders: String {
        headers.map(\.name).joined(separator: ";")
    }

    /// What a key is good for, such as `20150830/us-east-1/service/aws4_request`.
    var scope: String {
        "\(timestamp.prefix(8))/\(signer.region)/\(signer.service)/aws4_request"
    }

    /// Step 1.
    var canonicalRequest: String {
        let fields = headers.map { "\($0.name):\($0.value)\n" }.joined()
        let path = request.canonicalPath(normalizing: signer.normalizesPath)
        return [request.method, path, query, fields, signedHeaders, request.payloadHash].joined(separator: "\n")
    }

    /// Step 2.
    var stringToSign: String {
        let hash = SHA256.hash(Array(canonicalRequest.utf8)).hex
        return [SigV4Signer.algorithm, timestamp, scope, hash].joined(separator: "\n")
    }

    /// Step 3: a key for one day, region and service signs the text.
    func signature(_ secretAccessKey: String) -> String {
        var key = HMACKey(secret: "AWS4" + secretAccessKey)
        for part in [String(timestamp.prefix(8)), signer.region, signer.service, "aws4_request"] {
            key = HMACKey(secret: key.sign(part).bytes)
        }
        return key.sign(stringToSign).hex
    }
}
