import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport
import Testing

@testable import Server

/// Checks that requests taken past the HTTP parser are what the parser would have made of them.
@Suite struct PlainRequestReaderTests {
    /// A request as both ways must see it.
    private struct Seen: Equatable {
        var method: String
        var target: String
        var headers: [String]
        var body: [UInt8] = []

        init(method: HTTPMethod, target: String, headers: HTTPHeaders) {
            self.method = method.rawValue
            self.target = target
            // The parser leaves blanks behind a value (RFC 9112 §5 takes them off).
            self.headers = headers.map { name, value in
                let end = value.utf8.lastIndex { $0 != 0x20 && $0 != 0x09 }
                return "\(name): \(end.map { value[...$0] } ?? "")"
            }
        }
    }

    /// What became of a stream of bytes.
    private struct Outcome {
        var requests: [Seen] = []
        /// The request that has begun and not ended.
        var open: Seen?
        /// What was left to the parser.
        var left: [UInt8]?
    }

    private func read(_ bytes: [UInt8], pieces: [Int] = [], maxHeadBytes: Int = 8192) -> Outcome {
        var reader = PlainRequestReader(maxHeadBytes: maxHeadBytes)
        var outcome = Outcome()
        var rest = bytes[...]
        var sizes = pieces[...]
        while !rest.isEmpty {
            let count = min(sizes.popFirst() ?? rest.count, rest.count)
            let piece = rest.prefix(count)
            rest = rest.dropFirst(count)
            guard outcome.left == nil else {
                outcome.left? += piece
                continue
            }
            reader.receive(ByteBuffer(bytes: piece))
            take(&reader, &outcome)
        }
        return outcome
    }

    private func take(_ reader: inout PlainRequestReader, _ outcome: inout Outcome) {
        while true {
            switch reader.next() {
            case .needsMore: return
            case .leaves(let rest):
                outcome.left = Array(rest.readableBytesView)
                return
            case .part(.head(let head)):
                outcome.open = Seen(
                    method: head.method,
                    target: String(decoding: head.target, as: UTF8.self),
                    headers: head.headers
                )
            case .part(.body(let bytes)): outcome.open?.body += Array(bytes.readableBytesView)
            case .part(.end):
                if let request = outcome.open { outcome.requests.append(request) }
                outcome.open = nil
            }
        }
    }

    /// What the parser makes of the same bytes; an error ends it.
    private func parse(_ bytes: [UInt8]) throws -> (requests: [Seen], failed: Bool) {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
        var failed = false
        do { try channel.writeInbound(ByteBuffer(bytes: bytes)) } catch { failed = true }
        var requests: [Seen] = []
        var open: Seen?
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head): open = Seen(method: head.method, target: head.uri, headers: head.headers)
            case .body(let bytes): open?.body += Array(bytes.readableBytesView)
            case .end:
                if let request = open { requests.append(request) }
                open = nil
            }
        }
        do { _ = try channel.finish(acceptAlreadyClosed: true) } catch { failed = true }
        return (requests, failed)
    }

    private static let publish = Array(
        """
        POST /apps/1/events?auth_key=k&auth_version=1.0 HTTP/1.1\r
        Host: localhost:6001\r
        Content-Type: application/json\r
        content-LENGTH: 11\r
        X-Empty:\r
        Connection: Keep-Alive\r
        \r
        {"name":""}
        """.utf8
    )

    @Test("a plain request is taken, however its bytes come", arguments: [1, 2, 3, 7, 64, 1000])
    func takesPlainRequests(_ size: Int) throws {
        let get = Array("GET /live HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        let bytes = Self.publish + get + Self.publish
        let outcome = read(bytes, pieces: Array(repeating: size, count: bytes.count))
        #expect(outcome.left == nil && outcome.open == nil)
        #expect(try outcome.requests == parse(bytes).requests)
        #expect(
            outcome.requests.map(\.target) == ["/apps/1/events?auth_key=k&auth_version=1.0", "/live"] + [
                "/apps/1/events?auth_key=k&auth_version=1.0"
            ]
        )
        #expect(outcome.requests[0].body == Array(#"{"name":""}"#.utf8))
    }

    @Test("rare fields are marked, so that those who need them look")
    func marksFields() {
        func marks(_ field: String) -> RequestHead.Marks? {
            let bytes = Array("GET / HTTP/1.1\r\n\(field)\r\n\r\n".utf8)
            guard case .plain(let head, _) = bytes.withUnsafeBytes(PlainRequestHead.init) else { return nil }
            return head.marks
        }
        #expect(marks("Host: x") == [])
        #expect(marks("ORIGIN: https://example.com") == .origin)
        #expect(marks("x-Idempotency-Key: 1") == .idempotencyKey)
    }

    @Test(
        "whatever changes the end of a request or of its connection is the parser's, with all of its bytes",
        arguments: [
            "POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /x HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            "POST /x HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello",
            "POST /x HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\nhello",
            "POST /x HTTP/1.1\r\nContent-Length:\r\n\r\n",
            "POST /x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "POST /x HTTP/1.1\r\nContent-Length : 5\r\n\r\nhello",
            "POST /x HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
            "POST /x HTTP/1.1\r\nA: b\nB: c\r\n\r\n",
            "POST /x HTTP/1.1\nA: b\n\n\r\n\r\n",
            "POST /x HTTP/1.1\r\nA: b\u{0}\r\n\r\n",
            "POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
            "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n",
            "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            "GET /x HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
            "GET /x HTTP/1.0\r\n\r\n",
            "GET x HTTP/1.1\r\n\r\n",
            "GET http://x/y HTTP/1.1\r\n\r\n",
            "GET /a b HTTP/1.1\r\n\r\n",
            "GET /\u{e4} HTTP/1.1\r\n\r\n",
            "GET  /x HTTP/1.1\r\n\r\n",
            "get /x HTTP/1.1\r\n\r\n",
            "PUT /x HTTP/1.1\r\n\r\n",
            "\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
            "GETGETGETGET\r\n\r\n",
            "GET /x HTTP/1.1\r\n: nameless\r\n\r\n",
            "GET /x HTTP/1.1\r\n\((0..<65).map { "A\($0): b\r\n" }.joined())\r\n",
        ]
    )
    func leavesTheRest(_ request: String) {
        let bytes = Array(request.utf8)
        for behind in [[], Self.publish] {
            let outcome = read(behind + bytes)
            #expect(outcome.requests.count == (behind.isEmpty ? 0 : 1))
            #expect(outcome.left == bytes && outcome.open == nil)
        }
    }

    @Test("a head that is longer than the limit is the parser's, whole or not")
    func leavesLongHeads() {
        let long = Array("GET /live HTTP/1.1\r\nA: \(String(repeating: "a", count: 300))\r\n\r\n".utf8)
        #expect(read(long, maxHeadBytes: 256).left == long)
        #expect(read(Array(long.prefix(256)), maxHeadBytes: 256).left?.count == 256)
        #expect(read(Array(long.prefix(255)), maxHeadBytes: 256).left == nil)
    }

    @Test("of bytes that were changed at random, nothing is taken that the parser would read in another way")
    func agreesWithTheParser() throws {
        var random = SeededGenerator(seed: 6)
        let interesting = Array(" \t\r\n:;,/?%+\0\u{7f}0AZ".utf8) + [0x80, 0xff]
        var taken = 0
        for _ in 0..<1500 {
            var bytes = Self.publish + Self.publish
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = interesting.randomElement(using: &random) ?? 0
                case 1: bytes.remove(at: place)
                default: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: place)
                }
            }
            let sizes = (0..<8).map { _ in Int.random(in: 1...200, using: &random) }
            let outcome = read(bytes, pieces: sizes)
            let parsed = try parse(bytes)
            #expect(Array(parsed.requests.prefix(outcome.requests.count)) == outcome.requests)
            taken += outcome.requests.count
        }
        // Most changes are in values and bodies and leave a plain request.
        #expect(taken > 750)
    }
}
