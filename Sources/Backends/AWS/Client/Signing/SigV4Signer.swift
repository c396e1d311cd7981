package import CurlHTTP
import Digest
package import FoundationEssentials

/// Signs requests to one service in one region (AWS Signature Version 4).
package struct SigV4Signer: Sendable, Equatable {
    package var region: String
    /// The name in the credential scope, such as `dynamodb`.
    package var service: String
    /// Whether dot segments and empty segments are resolved before signing; only S3 leaves them.
    package var normalizesPath = true
    /// Whether the body's hash is sent too, as `X-Amz-Content-Sha256`.
    package var sendsPayloadHash = false
    /// Whether the session token is signed; a few services want it added afterwards.
    package var signsSessionToken = true

    /// Makes a signer.
    package init(region: String, service: String) {
        self.region = region
        self.service = service
    }

    /// Returns the fields to add to a request: the date, the session token, the body's hash and `Authorization`.
    package func headers(for request: SigV4Request, credentials: AWSCredentials, date: Date) -> [HTTPField] {
        let timestamp = AWSTime.basic(date)
        var added = [HTTPField("X-Amz-Date", timestamp)]
        if sendsPayloadHash {
            added.append(HTTPField("X-Amz-Content-Sha256", request.payloadHash))
        }
        let token = credentials.sessionToken.map { HTTPField("X-Amz-Security-Token", $0) }
        if let token, signsSessionToken {
            added.append(token)
        }
        let steps = SigV4Steps(
            request: request,
            query: request.canonicalQuery(),
            headers: request.canonicalHeaders(adding: added),
            timestamp: timestamp,
            signer: self
        )
        if let token, !signsSessionToken {
            added.append(token)
        }
        let authorization =
            "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(steps.scope), "
            + "SignedHeaders=\(steps.signedHeaders), Signature=\(steps.signature(credentials.secretAccessKey))"
        added.append(HTTPField("Authorization", authorization))
        return added
    }

    /// Returns the query of a request that carries its signature itself and is valid for so many seconds.
    package func presignedQuery(
        for request: SigV4Request,
        credentials: AWSCredentials,
        date: Date,
        expiresInSeconds: Int
    ) -> String {
        let timestamp = AWSTime.basic(date)
        let steps = presigningSteps(request, credentials, timestamp, expiresInSeconds)
        var query = steps.query
        if let token = credentials.sessionToken, !signsSessionToken {
            query += "&X-Amz-Security-Token=\(URIEscaping.encode(token))"
        }
        return query + "&X-Amz-Signature=\(steps.signature(credentials.secretAccessKey))"
    }

    private func presigningSteps(
        _ request: SigV4Request,
        _ credentials: AWSCredentials,
        _ timestamp: String,
        _ expiresInSeconds: Int
    ) -> SigV4Steps {
        let headers = request.canonicalHeaders()
        var steps = SigV4Steps(request: request, query: "", headers: headers, timestamp: timestamp, signer: self)
        var parameters = [
            (name: "X-Amz-Algorithm", value: Self.algorithm),
            (name: "X-Amz-Credential", value: "\(credentials.accessKeyID)/\(steps.scope)"),
            (name: "X-Amz-Date", value: timestamp),
            (name: "X-Amz-Expires", value: String(expiresInSeconds)),
            (name: "X-Amz-SignedHeaders", value: steps.signedHeaders),
        ]
        if let token = credentials.sessionToken, signsSessionToken {
            parameters.append((name: "X-Amz-Security-Token", value: token))
        }
        steps.query = request.canonicalQuery(adding: parameters)
        return steps
    }

    static let algorithm = "AWS4-HMAC-SHA256"
}
