import AWSBackend
import CurlHTTP
import Foundation
import TestSupport
import Testing

/// The signing test suites that AWS publishes, where a copy of them is at hand.
///
/// `SIGV4_VECTORS` names a folder with `aws-c-auth` (tests/aws-signing-test-suite/v4 of awslabs/aws-c-auth) and
/// `botocore` (tests/unit/auth/aws4_testsuite of boto/botocore); without it, a folder `sigv4-vectors` beside or above the
/// package is used.
@Suite("The published signing vectors")
struct PublishedVectorTests {
    static let folder: URL? = {
        if let named = ProcessInfo.processInfo.environment["SIGV4_VECTORS"] { return URL(filePath: named) }
        var place = PackagePaths.root
        for _ in 0..<4 {
            for candidate in [place.appending(path: "sigv4-vectors"), place.appending(path: "shared/sigv4-vectors")]
            where FileManager.default.fileExists(atPath: candidate.path) {
                return candidate
            }
            place = place.deletingLastPathComponent()
        }
        return nil
    }()

    private static func cases(_ suite: String) -> [URL] {
        guard let folder else { return [] }
        let all = FileManager.default.enumerator(at: folder.appending(path: suite), includingPropertiesForKeys: nil)
        let files = (all?.allObjects ?? []).compactMap { $0 as? URL }
        let wanted =
            suite == "botocore"
            ? files.filter { $0.pathExtension == "req" } : files.filter { $0.lastPathComponent == "context.json" }
        return wanted.sorted { $0.path < $1.path }
    }

    private struct Context: Decodable {
        struct Credentials: Decodable {
            var access_key_id: String
            var secret_access_key: String
            var token: String?
        }

        var credentials: Credentials
        var expiration_in_seconds: Int
        var normalize: Bool
        var region: String
        var service: String
        var sign_body: Bool
        var timestamp: String
        var omit_session_token: Bool?
    }

    @Test("every vector of aws-c-auth holds, in the header and in the query", .enabled(if: folder != nil))
    func awsCAuth() throws {
        let cases = Self.cases("aws-c-auth")
        #expect(cases.count >= 38)
        for file in cases {
            let place = file.deletingLastPathComponent()
            let context = try JSONDecoder().decode(Context.self, from: Data(contentsOf: file))
            let request = try Self.parse(try Self.text(place, "request.txt"))
            var signer = SigV4Signer(region: context.region, service: context.service)
            signer.normalizesPath = context.normalize
            signer.sendsPayloadHash = context.sign_body
            signer.signsSessionToken = context.omit_session_token != true
            let credentials = AWSCredentials(
                accessKeyID: context.credentials.access_key_id,
                secretAccessKey: context.credentials.secret_access_key,
                sessionToken: context.credentials.token
            )
            let date = try #require(AWSTime.parseTimestamp(context.timestamp))
            let fields = signer.headers(for: request, credentials: credentials, date: date)
            let signed = try Self.parse(try Self.text(place, "header-signed-request.txt"))
            #expect(
                fields.last?.value == signed.headers.first { $0.isNamed("Authorization") }?.value,
                "\(place.lastPathComponent)"
            )
            let query = signer.presignedQuery(
                for: request,
                credentials: credentials,
                date: date,
                expiresInSeconds: context.expiration_in_seconds
            )
            let expected = try Self.parse(try Self.text(place, "query-signed-request.txt"))
            #expect(Self.pairs(query) == Self.pairs(expected.query), "\(place.lastPathComponent)")
        }
    }

    @Test("every vector of botocore holds", .enabled(if: folder != nil))
    func botocore() throws {
        let cases = Self.cases("botocore")
        #expect(cases.count >= 34)
        for file in cases {
            let base = file.deletingPathExtension()
            let request = try Self.parse(try Self.text(file))
            let expected = try Self.text(base.appendingPathExtension("authz")).trimmingCharacters(
                in: .whitespacesAndNewlines
            )
            let sent = try Self.parse(try Self.text(base.appendingPathExtension("sreq")))
            var headers = request.headers
            headers.removeAll { $0.isNamed("X-Amz-Date") || $0.isNamed("X-Amz-Security-Token") }
            var bare = request
            bare.headers = headers
            let signer = SigV4Signer(region: "us-east-1", service: "service")
            let token = sent.headers.first { $0.isNamed("X-Amz-Security-Token") }?.value
            let credentials = AWSCredentials(
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                sessionToken: expected.contains("x-amz-security-token") ? token : nil
            )
            let date = try #require(AWSTime.parseTimestamp("2015-08-30T12:36:00Z"))
            let fields = signer.headers(for: bare, credentials: credentials, date: date)
            #expect(fields.last?.value == expected, "\(base.lastPathComponent)")
        }
    }

    private static func text(_ folder: URL, _ name: String) throws -> String {
        try text(folder.appending(path: name))
    }

    private static func text(_ file: URL) throws -> String {
        String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }

    private static func pairs(_ query: String) -> [String] {
        query.split(separator: "&").map { $0.removingPercentEncoding ?? String($0) }.sorted()
    }

    /// Reads a request as it would be on the wire, folded fields included.
    private static func parse(_ text: String) throws -> SigV4Request {
        let parts = text.replacingOccurrences(of: "\r\n", with: "\n").components(separatedBy: "\n\n")
        let lines = parts[0].split(separator: "\n", omittingEmptySubsequences: false)
        let words = try #require(lines.first).split(separator: " ", maxSplits: 1)
        let target = words[1].hasSuffix(" HTTP/1.1") ? words[1].dropLast(9) : words[1]
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var headers: [HTTPField] = []
        for line in lines.dropFirst() where !line.isEmpty {
            if line.first == " " || line.first == "\t", !headers.isEmpty {
                headers[headers.count - 1].value += "\n" + line
            } else {
                let field = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                headers.append(HTTPField(String(field[0]), field.count > 1 ? String(field[1]) : ""))
            }
        }
        return SigV4Request(
            method: String(words[0]),
            path: String(halves[0]),
            query: halves.count > 1 ? String(halves[1]) : "",
            headers: headers,
            body: Array(parts.dropFirst().joined(separator: "\n\n").utf8)
        )
    }
}
