import ServerCore
import TestSupport
import Testing

@testable import Server

/// Checks HTTP over real sockets: what is kept alive, what is refused, and how long a peer may take.
@Suite(.timeLimit(.minutes(1)), .serialized) struct HTTPConnectionTests {
    private static let upgrade =
        "GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    private func options(_ change: (inout RequestLimits) -> Void) -> LiveServer.Options {
        var options = LiveServer.Options()
        options.server.listener.limits.headerTimeout = .seconds(600)
        options.server.listener.limits.bodyTimeout = .seconds(600)
        options.server.listener.limits.keepAliveTimeout = .seconds(600)
        change(&options.server.listener.limits)
        return options
    }

    private func exchange(_ bytes: String, _ options: LiveServer.Options = LiveServer.Options()) async throws -> String
    {
        try await LiveServer.run(options) { server in
            let client = try await LiveClient.connect(port: server.port)
            try await client.send(bytes)
            return await client.textUntilClosed()
        }
    }

    @Test("pipelined requests are answered in order, and the last one closes")
    func pipelines() async throws {
        let one = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
        let two = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "HEAD /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let text = try await exchange(one + two + one + last + one)
        let statuses = text.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
        #expect(statuses == ["200", "404", "200", "200"])
    }

    @Test("an old client's connection is closed after its answer")
    func closesOldClients() async throws {
        let text = try await exchange("GET /live HTTP/1.0\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.contains("Connection: close"))
    }

    @Test(
        "requests that cannot be gone on from are refused, and the connection closed",
        arguments: [
            ("POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
            ("POST /x HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "400"),
            ("POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
            ("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
            ("nonsense\r\n\r\n", "400"),
            ("GET /live HTTP/9.9\r\n\r\n", "400"),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "400"),
            ("POST /x HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 5\r\n\r\n", "417"),
            ("POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413"),
            ("GET /live HTTP/1.1\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n", "431"),
            ("GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\n\r\n", "431"),
            ("GET /live HTTP/1.1\r\n\((0..<3000).map { "X\($0): y\r\n" }.joined())\r\n", "431"),
        ]
    )
    func refuses(_ request: String, _ status: String) async throws {
        let text = try await exchange(request)
        #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(text.prefix(100))")
        #expect(text.contains("Connection: close"))
        #expect(text.matches(of: /HTTP\/1\.1 \d/).count == 1)
    }

    @Test("a body in chunks beyond the limit is refused")
    func limitsChunks() async throws {
        let chunk = "400\r\n\(String(repeating: "a", count: 1024))\r\n"
        let text = try await exchange(
            "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 5),
            options { $0.maxBodyBytes = 4096 }
        )
        #expect(text.hasPrefix("HTTP/1.1 413 "))
    }

    @Test("who expects to be told to go on is told, then answered")
    func continues() async throws {
        try await LiveServer.run { server in
            let client = try await LiveClient.connect(port: server.port)
            try await client.send(
                "POST /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            #expect(await client.text(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("{}")
            #expect(await client.text(until: "HTTP/1.1 404").contains("HTTP/1.1 404"))
            try await client.close()
        }
    }

    @Test("garbage behind a request that is still being answered does not take its answer")
    func answersBeforeGarbage() async throws {
        var options = LiveServer.Options()
        options.limiter = WaitingLimiter()
        let request = "GET /apps/1/channels HTTP/1.1\r\nHost: x\r\n\r\n"
        let text = try await exchange(request + "nonsense\r\n\r\n", options)
        let statuses = text.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
        #expect(statuses == ["401", "400"])
    }

    @Test("answers that a socket does not take are kept in order until it does", arguments: [true, false])
    func keepsAnswers(_ sendsDirectly: Bool) async throws {
        var options = LiveServer.Options()
        options.server.webSocket.sendsDirectly = sendsDirectly
        var random = SeededGenerator(seed: 60)
        let isFound = (0..<40_000).map { _ in Bool.random(using: &random) }
        let requests = isFound.map { "GET /\($0 ? "live" : "nowhere") HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
        try await LiveServer.run(options) { server in
            let client = try await LiveClient.connect(port: server.port, reads: false)
            // More than the kernel holds for a socket that is not read from.
            try await client.send(requests)
            try await client.startReading()
            try await client.send("GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let codes = Self.codes(of: await client.bytesUntilClosed())
            // As numbers of the first that differs; both lists are long.
            let expected = isFound.map { $0 ? UInt8(ascii: "2") : UInt8(ascii: "4") } + [UInt8(ascii: "2")]
            #expect(codes.count == expected.count)
            #expect(zip(codes, expected).prefix { $0 == $1 }.count == expected.count)
        }
    }

    /// The first digit of each answer's status.
    private static func codes(of bytes: [UInt8]) -> [UInt8] {
        let mark = Array("HTTP/1.1 ".utf8)
        return bytes.withUnsafeBufferPointer { bytes in
            var codes: [UInt8] = []
            var index = 0
            while index + mark.count < bytes.count {
                if bytes[index] == mark[0], bytes[index..<(index + mark.count)].elementsEqual(mark) {
                    codes.append(bytes[index + mark.count])
                }
                index += 1
            }
            return codes
        }
    }

    @Test("a request in two pieces is answered, and one that the parser must read after it as well")
    func mixesPlainAndOther() async throws {
        try await LiveServer.run { server in
            let client = try await LiveClient.connect(port: server.port)
            try await client.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
            try await client.send("cd")
            _ = await client.text(until: "HTTP/1.1 404")
            let chunked = "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
            try await client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\nPOST /nowhere HTTP/1.1\r\n" + chunked)
            _ = await client.text(until: "HTTP/1.1 404", count: 2)
            try await client.send("GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let statuses = await client.textUntilClosed().matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
            #expect(statuses == ["404", "200", "404", "200"])
        }
    }

    @Test("a socket that is admitted only after a wait is read from")
    func readsAfterWaiting() async throws {
        var options = LiveServer.Options()
        options.limiter = WaitingLimiter()
        try await LiveServer.run(options) { server in
            let client = try await LiveClient.connect(port: server.port)
            try await client.send(Self.upgrade)
            _ = await client.text(until: "connection_established")
            try await client.send(MaskedFrame.text(#"{"event":"pusher:ping","data":{}}"#))
            #expect(await client.text(until: "pusher:pong").contains("pusher:pong"))
            try await client.close()
        }
    }

    // MARK: Time

    @Test("a head that does not come is answered with 408")
    func timesOutHead() async throws {
        let text = try await exchange("GET /live HTT", options { $0.headerTimeout = .milliseconds(50) })
        #expect(text.hasPrefix("HTTP/1.1 408 "))
    }

    @Test("on a connection that is kept alive, a head has no more time than on a new one")
    func timesOutLaterHead() async throws {
        try await LiveServer.run(options { $0.headerTimeout = .milliseconds(50) }) { server in
            let client = try await LiveClient.connect(port: server.port)
            try await client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = await client.text(until: "\r\n\r\n")
            try await client.send("GET /live HTT")
            #expect(await client.textUntilClosed().contains("HTTP/1.1 408 "))
        }
    }

    @Test("on a connection that is kept alive, a body has no more time than on a new one")
    func timesOutLaterBody() async throws {
        try await LiveServer.run(options { $0.bodyTimeout = .milliseconds(50) }) { server in
            let client = try await LiveClient.connect(port: server.port)
            try await client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = await client.text(until: "\r\n\r\n")
            try await client.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
            #expect(await client.textUntilClosed().contains("HTTP/1.1 408 "))
        }
    }

    @Test("an idle connection is closed without a word")
    func closesIdle() async throws {
        try await LiveServer.run(options { $0.keepAliveTimeout = .milliseconds(50) }) { server in
            let client = try await LiveClient.connect(port: server.port)
            try await client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
            let text = await client.textUntilClosed()
            #expect(text.matches(of: /HTTP\/1\.1 \d/).count == 1 && text.contains("200 OK"))
        }
    }

    @Test("a peer that does not close after the last answer is cut off soon")
    func cutsLingering() async throws {
        try await LiveServer.run(options { _ in }) { server in
            let client = try await LiveClient.connect(port: server.port, staysOpen: true)
            try await client.send("GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            _ = await client.textUntilClosed()
            // Writes fail once the server's end is gone; until then it discards them.
            try await Eventually.holds("the connection is reset", within: .seconds(30)) {
                do {
                    try await client.send("x")
                    return false
                } catch {
                    return true
                }
            }
        }
    }
}

/// A limiter that has to ask somebody, as one in a store does.
private struct WaitingLimiter: RateLimiter {
    func consumeImmediately(_ key: String, limit: RateLimit) -> RateDecision? { nil }

    func consume(_ key: String, limit: RateLimit) async throws(BackendError) -> RateDecision {
        for _ in 0..<1000 { await Task.yield() }
        return RateDecision(isAllowed: true, limit: 1, remaining: 1, resetSeconds: 1)
    }
}
