import AWSBackend
import CurlHTTP
import FoundationEssentials
import Testing

@Suite("The signer")
struct SigV4SignerTests {
    /// One request with the signatures that another implementation, botocore, gives it.
    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "GET"
        var host = "service.us-east-1.amazonaws.com"
        var target = "/"
        var headers: [HTTPField] = []
        var body = ""
        var region = "us-east-1"
        var service = "service"
        var token: String?
        var signedHeaders: String
        var signature: String
        var querySignature: String?

        var testDescription: String { name }

        var credentials: AWSCredentials {
            AWSCredentials(
                accessKeyID: "AKIDMARTLET0000001",
                secretAccessKey: "s3cr3t/Key+With=Signs",
                sessionToken: token
            )
        }

        var request: SigV4Request {
            let parts = target.split(separator: "?", maxSplits: 1)
            return SigV4Request(
                method: method,
                path: String(parts[0]),
                query: parts.count > 1 ? String(parts[1]) : "",
                headers: headers + [HTTPField("Host", host)],
                body: Array(body.utf8)
            )
        }
    }

    /// 2026-03-01T04:05:06Z.
    private static let date = Date(timeIntervalSince1970: 1_772_337_906)

    @Test("a header signature is what another implementation computes", arguments: vectors)
    func header(vector: Vector) throws {
        let signer = SigV4Signer(region: vector.region, service: vector.service)
        let fields = signer.headers(for: vector.request, credentials: vector.credentials, date: Self.date)
        let authorization = try #require(fields.last { $0.isNamed("Authorization") })
        #expect(
            authorization.value
                == "AWS4-HMAC-SHA256 Credential=AKIDMARTLET0000001/20260301/\(vector.region)/\(vector.service)/aws4_request, "
                + "SignedHeaders=\(vector.signedHeaders), Signature=\(vector.signature)"
        )
        #expect(fields.first { $0.isNamed("X-Amz-Date") }?.value == "20260301T040506Z")
        #expect(fields.first { $0.isNamed("X-Amz-Security-Token") }?.value == vector.token)
    }

    @Test(
        "a pre-signed query is what another implementation computes",
        arguments: vectors.filter { $0.querySignature != nil }
    )
    func query(vector: Vector) throws {
        let signer = SigV4Signer(region: vector.region, service: vector.service)
        let query = signer.presignedQuery(
            for: vector.request,
            credentials: vector.credentials,
            date: Self.date,
            expiresInSeconds: 900
        )
        #expect(query.hasSuffix("&X-Amz-Signature=\(vector.querySignature ?? "")"))
        #expect(query.contains("X-Amz-Security-Token") == (vector.token != nil))
    }

    @Test("any byte of the request changes the signature")
    func everythingCounts() {
        let signer = SigV4Signer(region: "us-east-1", service: "sqs")
        let key = AWSCredentials(accessKeyID: "A", secretAccessKey: "S", sessionToken: "T")
        let request = SigV4Request(
            method: "POST",
            path: "/p",
            query: "q=1",
            headers: [HTTPField("Host", "h")],
            body: [1]
        )
        func signature(_ change: (inout SigV4Request, inout SigV4Signer, inout AWSCredentials) -> Void) -> String? {
            var (request, signer, key) = (request, signer, key)
            change(&request, &signer, &key)
            return signer.headers(for: request, credentials: key, date: Self.date).last?.value
        }
        let all = [
            signature { _, _, _ in },
            signature { request, _, _ in request.method = "PUT" },
            signature { request, _, _ in request.path = "/P" },
            signature { request, _, _ in request.query = "q=2" },
            signature { request, _, _ in request.headers[0].value = "i" },
            signature { request, _, _ in request.payloadHash = String(repeating: "0", count: 64) },
            signature { _, signer, _ in signer.region = "us-east-2" },
            signature { _, signer, _ in signer.service = "sns" },
            signature { _, _, key in key.secretAccessKey = "s" },
            signature { _, _, key in key.sessionToken = "t" },
        ]
        #expect(Set(all).count == all.count)
    }

    @Test("fields that others may change on the way are not signed")
    func unsignedFields() {
        let signer = SigV4Signer(region: "us-east-1", service: "sqs")
        let key = AWSCredentials(accessKeyID: "A", secretAccessKey: "S")
        var request = SigV4Request(method: "POST", path: "/", headers: [HTTPField("Host", "h")])
        let plain = signer.headers(for: request, credentials: key, date: Self.date)
        request.headers += [HTTPField("User-Agent", "x"), HTTPField("Expect", "100-continue")]
        #expect(signer.headers(for: request, credentials: key, date: Self.date) == plain)
    }

    @Test("credentials never show their secrets")
    func description() {
        let key = AWSCredentials(accessKeyID: "AKID", secretAccessKey: "hush", sessionToken: "quiet")
        for text in ["\(key)", String(reflecting: key), "\([key])", "\(Optional(key) as Any)"] {
            #expect(text.contains("AKID"))
            #expect(!text.contains("hush") && !text.contains("quiet"))
        }
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains("hush") && !dumped.contains("quiet"))
    }
}
