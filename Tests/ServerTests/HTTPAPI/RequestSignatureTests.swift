import Digest
import NIOHTTP1
import TestSupport
import Testing

@testable import Server

/// Checks signatures against the documented vector and against every form that libraries send.
@Suite struct RequestSignatureTests {
    static let appKey = "278d425bdf160c739803"
    static let secret = "7ad3773142a6692b25b8"
    static let body = #"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#
    static let query =
        "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0"
        + "&body_md5=ec365a775a4cd0599faeb73354201b6f"
        + "&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
    static let now: Int64 = 1_353_088_179

    private let key = HMACKey(secret: secret)

    @Test("the documented example verifies")
    func verifiesVector() throws {
        #expect(try verify(.POST, "/apps/3/events?" + Self.query, body: Self.body) == .percentDecoded)
    }

    @Test("the order of the parameters and the case of their names do not matter")
    func ignoresOrder() throws {
        var parts = Self.query.split(separator: "&").map(String.init)
        parts.reverse()
        _ = try verify(.POST, "/apps/3/events?" + parts.joined(separator: "&"), body: Self.body)
        // A capital in a name changes its place only before it is lowered; another parameter breaks the signature.
        let capital = signed(.GET, "/apps/3/channels", [("Filter_By_Prefix", "a"), ("INFO", "b")])
        _ = try verify(.GET, capital)
    }

    @Test("an absolute target verifies like its path")
    func verifiesAbsoluteForm() throws {
        _ = try verify(.POST, "http://example.test:6001/apps/3/events?" + Self.query, body: Self.body)
    }

    @Test("every change to what is signed is refused")
    func refusesChanges() throws {
        let changes: [(HTTPMethod, String, String)] = [
            (.PUT, "/apps/3/events?" + Self.query, Self.body),
            (.POST, "/apps/4/events?" + Self.query, Self.body),
            (.POST, "/apps/3/events?x=1&" + Self.query, Self.body),
            (.POST, "/apps/3/events?" + Self.query, Self.body + " "),
            (.POST, "/apps/3/events?" + Self.query.dropLast(), Self.body),
            (.POST, "/apps/3/events?" + Self.query.dropLast() + "d", Self.body),
        ]
        for (method, uri, body) in changes {
            #expect(failure(method, uri, body: body)?.status == .unauthorized)
        }
    }

    @Test("each check names what is wrong, the first failing one wins")
    func explains() throws {
        let uri = "/apps/3/events?" + Self.query
        for name in ["auth_key", "auth_timestamp", "auth_version", "auth_signature"] {
            let without = Self.query.split(separator: "&").filter { !$0.hasPrefix(name) }.joined(separator: "&")
            let failure = failure(.POST, "/apps/3/events?" + without, body: Self.body)
            #expect(failure == .unauthorized("Missing required parameter: \(name)"))
        }
        let noDigest = failure(.POST, uri.replacing("body_md5", with: "body_sha1"), body: Self.body)
        #expect(noDigest == .unauthorized("Missing required parameter: body_md5"))
        #expect(
            failure(.POST, uri.replacing("key=278", with: "key=279"), body: Self.body)?.message.hasPrefix(
                "Invalid auth_key"
            ) == true
        )
        #expect(
            failure(.POST, uri.replacing("=1.0", with: "=2.0"), body: Self.body)?.message.hasPrefix(
                "Unsupported auth_version"
            ) == true
        )
        #expect(failure(.POST, uri, body: "{}")?.message.hasPrefix("Invalid body_md5") == true)
        let signature = failure(.POST, uri.replacing("da454824", with: "da454825"), body: Self.body)?.message ?? ""
        #expect(
            signature.hasPrefix(
                #"Invalid signature: you should have sent HmacSHA256Hex("POST\n/apps/3/events\nauth_key="#
            )
        )
        #expect(!signature.contains("c97ba181a32ccc17"))
        #expect(!signature.contains(Self.secret))
    }

    @Test("a timestamp counts for ten minutes in both directions", arguments: [-601, -600, 0, 600, 601] as [Int64])
    func checksTimestamp(offset: Int64) throws {
        let failure = failure(.POST, "/apps/3/events?" + Self.query, body: Self.body, now: Self.now + offset)
        if abs(offset) <= 600 {
            #expect(failure == nil)
        } else {
            let server = offset > 0 ? "2012-11-16T17:59:40Z" : "2012-11-16T17:39:38Z"
            let text =
                "Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) not within 600s of server time (\(server))"
            #expect(failure == .unauthorized(text))
        }
    }

    @Test(
        "a timestamp that is no time is refused",
        arguments: [
            "-1353088179", "1e9", "1353088179.0", "99999999999999999999", "+1353088179x", "abc",
        ]
    )
    func refusesTimestamps(_ text: String) {
        let query = Self.query.replacing("1353088179", with: text)
        #expect(failure(.POST, "/apps/3/events?" + query, body: Self.body)?.status == .unauthorized)
    }

    @Test("a GET may carry the digest of nothing, and only that one")
    func acceptsDigestOfNothing() throws {
        let nothing = "d41d8cd98f00b204e9800998ecf8427e"
        _ = try verify(.GET, signed(.GET, "/apps/3/channels", []))
        _ = try verify(.GET, signed(.GET, "/apps/3/channels", [("body_md5", nothing)]))
        _ = try verify(.POST, signed(.POST, "/apps/3/events", []))
        let other = signed(.GET, "/apps/3/channels", [("body_md5", "99914b932bd37a50b983c5e7c90ae93b")])
        #expect(failure(.GET, other)?.message.hasPrefix("Invalid body_md5") == true)
        _ = try verify(
            .POST,
            signed(.POST, "/apps/3/events", [("body_md5", "99914b932bd37a50b983c5e7c90ae93b")]),
            body: "{}"
        )
    }

    @Test("signed values may arrive plain, percent-encoded or form-encoded")
    func acceptsForms() throws {
        let parameters = [("info", "user_count,subscription_count"), ("filter_by_prefix", "presence-a b")]
        let plain = signed(.GET, "/apps/3/channels", parameters)
        #expect(try verify(.GET, plain) == .percentDecoded)
        #expect(try verify(.GET, plain.replacing(",", with: "%2C").replacing(" ", with: "%20")) == .percentDecoded)
        #expect(try verify(.GET, plain.replacing(",", with: "%2c").replacing(" ", with: "+")) == .formDecoded)
        let raw = signed(.GET, "/apps/3/channels", [("info", "a%2Cb")])
        #expect(try verify(.GET, raw) == .raw)
        let plus = signed(.GET, "/apps/3/channels", [("filter_by_prefix", "a+b")])
        #expect(try verify(.GET, plus) == .percentDecoded)
    }

    @Test("array parameters are signed one by one, names escaped or not")
    func acceptsArrays() throws {
        let arrays = signed(
            .POST,
            "/apps/3/events",
            [("channels[]", "b"), ("channels[]", "a"), ("data", "x"), ("name", "n")]
        )
        _ = try verify(.POST, arrays)
        _ = try verify(.POST, arrays.replacing("[]", with: "%5B%5D"))
        _ = try verify(.POST, signed(.POST, "/apps/3/events", [("channels", "a,b"), ("data", "x"), ("name", "n")]))
    }

    @Test("the path may be signed raw, decoded, and without the prefix")
    func acceptsPaths() throws {
        let path = "/apps/3/channels/presence-a@b;c/users"
        let escaped = "/apps/3/channels/presence-a%40b%3Bc/users"
        _ = try verify(.GET, signed(.GET, escaped, []))
        _ = try verify(.GET, signed(.GET, path, []).replacing(path, with: escaped))
        _ = try verify(.GET, "/push" + signed(.GET, path, []), prefixBytes: 5)
        _ = try verify(.GET, signed(.GET, "/push" + path, []), prefixBytes: 5)
        _ = try verify(.GET, "/push" + signed(.GET, path, []).replacing(path, with: escaped), prefixBytes: 5)
        #expect(failure(.GET, "/push" + signed(.GET, path, [])) != nil)
    }

    @Test("older secrets verify as well, others do not")
    func acceptsPreviousSecrets() throws {
        let uri = "/apps/3/events?" + Self.query
        let keys = [HMACKey(secret: "new"), HMACKey(secret: Self.secret)]
        let target = try RequestTarget(uri)
        try Array(Self.body.utf8).withUnsafeBytes { body in
            let request = SignedRequest(method: .POST, target: target, body: body)
            _ = try RequestSignature.verify(request, appKey: Self.appKey, keys: keys, now: Self.now)
            #expect(throws: HTTPFailure.self) {
                try RequestSignature.verify(request, appKey: Self.appKey, keys: [keys[0]], now: Self.now)
            }
            #expect(throws: HTTPFailure.self) {
                try RequestSignature.verify(request, appKey: Self.appKey, keys: [], now: Self.now)
            }
        }
    }

    @Test("what is signed with random parameters verifies, however it is ordered and escaped")
    func verifiesRandomRequests() throws {
        var random = SeededGenerator(seed: 16)
        let characters = Array("abcXYZ019-_=@,.;[]%+ é/?:")
        func word() -> String {
            String(
                (0..<Int.random(in: 0..<12, using: &random)).map { _ in characters.randomElement(using: &random) ?? "a"
                }
            )
        }
        for _ in 0..<2000 {
            var parameters = (0..<Int.random(in: 0..<6, using: &random)).map { ("k\($0)" + word(), word()) }
            parameters.removeAll { $0.0.lowercased() != $0.0 || $0.0.contains("=") }
            let target = signed(.GET, "/apps/3/channels", parameters)
            let pairs = target.split(separator: "?", maxSplits: 1)[1]
            #expect(pairs.contains("auth_signature"))
            let signature = signature(.GET, "/apps/3/channels", parameters)
            var encoded = (parameters + Self.authentication + [("auth_signature", signature)]).map {
                "\(escaped($0.0, &random))=\(escaped($0.1, &random))"
            }
            encoded.shuffle(using: &random)
            // Equal names keep their order; random names here are unique by their number.
            _ = try verify(.GET, "/apps/3/channels?" + encoded.joined(separator: "&"))
        }
    }

    @Test("random targets and bodies never verify and never crash")
    func survivesHostileInput() {
        var random = SeededGenerator(seed: 99)
        let pieces = [
            "auth_key=", Self.appKey, "&", "=", "%", "%2", "%zz", "+", "auth_timestamp=1353088179", "auth_version=1.0",
            "auth_signature=", "0", "?", "/", "\u{0}", "é", "[]", "body_md5=",
        ]
        for _ in 0..<100_000 {
            let uri =
                "/"
                + (0..<Int.random(in: 0..<12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
            #expect(failure(.GET, uri) != nil)
        }
    }

    // MARK: Signing

    private static let authentication = [
        ("auth_key", appKey), ("auth_timestamp", String(now)), ("auth_version", "1.0"),
    ]

    /// Signs like a library, independently of the code under test.
    private func signature(_ method: HTTPMethod, _ path: String, _ parameters: [(String, String)]) -> String {
        let pairs = (Self.authentication + parameters).enumerated().sorted { one, other in
            let (left, right) = (Array(one.element.0.lowercased().utf8), Array(other.element.0.lowercased().utf8))
            return left == right ? one.offset < other.offset : left.lexicographicallyPrecedes(right)
        }
        let query = pairs.map { "\($0.element.0.lowercased())=\($0.element.1)" }.joined(separator: "&")
        return key.sign("\(method.rawValue)\n\(path)\n\(query)").hex
    }

    private func signed(_ method: HTTPMethod, _ path: String, _ parameters: [(String, String)]) -> String {
        let query = (Self.authentication + parameters).map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        return "\(path)?\(query)&auth_signature=\(signature(method, path, parameters))"
    }

    private func escaped(_ text: String, _ random: inout SeededGenerator) -> String {
        text.utf8.map { byte in
            let isSafe = byte > 0x20 && byte < 0x7f && !"%&=+#?".utf8.contains(byte)
            let hex = String(byte, radix: 16, uppercase: Bool.random(using: &random))
            return isSafe && Bool.random(using: &random)
                ? String(UnicodeScalar(byte)) : "%" + (hex.count == 1 ? "0" : "") + hex
        }.joined()
    }

    private func verify(
        _ method: HTTPMethod,
        _ uri: String,
        body: String = "",
        now: Int64 = now,
        prefixBytes: Int = 0
    ) throws -> QueryString.Form {
        let target = try RequestTarget(uri)
        return try Array(body.utf8).withUnsafeBytes { body in
            let request = SignedRequest(method: method, target: target, prefixBytes: prefixBytes, body: body)
            return try RequestSignature.verify(request, appKey: Self.appKey, keys: [key], now: now)
        }
    }

    private func failure(
        _ method: HTTPMethod,
        _ uri: String,
        body: String = "",
        now: Int64 = now
    ) -> HTTPFailure? {
        do {
            _ = try verify(method, uri, body: body, now: now)
            return nil
        } catch {
            return error as? HTTPFailure
        }
    }
}
