import CurlHTTP
import NIOCore
import TestSupport
import Testing

@Suite("Failures of the HTTP client", .timeLimit(.minutes(1)))
struct CurlHTTPFailureTests {
    private func code(
        _ request: HTTPRequest,
        _ configuration: CurlHTTPConfiguration = CurlHTTPConfiguration()
    ) async throws -> HTTPTransportError.Code? {
        let client = try CurlHTTPClient(configuration: configuration)
        let code = await client.failure(of: request)
        await client.shutdown()
        return code
    }

    @Test("a server that never answers ends in a timeout")
    func hang() async throws {
        try await HTTPTestServer.with(responder: { _ in .hang }) { server in
            var request = HTTPRequest(url: server.url())
            request.timeout = .milliseconds(100)
            let failure = try await code(request)
            #expect(failure == .timeout)
            await server.closed.wait(for: 1)
        }
    }

    @Test("a body that drips for ever ends in a timeout")
    func drip() async throws {
        try await HTTPTestServer.with(responder: { _ in .drip(every: .milliseconds(5)) }) { server in
            var request = HTTPRequest(url: server.url())
            request.timeout = .milliseconds(200)
            let failure = try await code(request)
            #expect(failure == .timeout)
            await server.closed.wait(for: 1)
        }
    }

    @Test("a body that drips past the limit is refused")
    func endlessBody() async throws {
        try await HTTPTestServer.with(responder: { _ in .drip(every: .milliseconds(1)) }) { server in
            var request = HTTPRequest(url: server.url())
            request.timeout = .seconds(30)
            request.maxResponseBytes = 10
            let failure = try await code(request)
            #expect(failure == .responseTooLarge)
        }
    }

    @Test("a body of exactly the limit is taken, one byte more is not", arguments: [0, 1, 70_000])
    func bodyLimit(limit: Int) async throws {
        let reply = HTTPTestServer.Reply.respond(status: 200, body: [UInt8](repeating: 1, count: limit))
        let larger = HTTPTestServer.Reply.respond(status: 200, body: [UInt8](repeating: 1, count: limit + 1))
        try await HTTPTestServer.with(responder: { $0.target == "/fits" ? reply : larger }) { server in
            var request = HTTPRequest(url: server.url("/fits"))
            request.maxResponseBytes = limit
            let failure = try await code(request)
            #expect(failure == nil)
            request.url = server.url("/larger")
            let second = try await code(request)
            #expect(second == .responseTooLarge)
        }
    }

    @Test("a header beyond all measure is refused")
    func headerLimit() async throws {
        let fields = (0..<20).map { ("X-\($0)", String(repeating: "x", count: 8_000)) }
        try await HTTPTestServer.with(responder: { _ in .respond(status: 200, headers: fields) }) { server in
            let failure = try await code(HTTPRequest(url: server.url()))
            #expect(failure == .responseTooLarge)
        }
    }

    @Test("a connection that breaks is a reset", arguments: [true, false])
    func reset(isAbrupt: Bool) async throws {
        try await HTTPTestServer.with(responder: { _ in isAbrupt ? .reset : .close }) { server in
            let failure = try await code(HTTPRequest(method: "POST", url: server.url(), body: [1]))
            #expect(failure == .reset)
        }
    }

    @Test(
        "an answer that is not HTTP is malformed",
        arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0", "HTTP/9.9 200 OK\r\n\r\n", "garbage\n\n"]
    )
    func malformed(answer: String) async throws {
        try await HTTPTestServer.with(responder: { _ in .raw(Array(answer.utf8)) }) { server in
            let failure = try await code(HTTPRequest(url: server.url()))
            #expect(failure == .malformedResponse)
        }
    }

    @Test("an answer that breaks off is a reset", arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
    func cutAnswer(answer: String) async throws {
        try await HTTPTestServer.with(responder: { _ in .raw(Array(answer.utf8)) }) { server in
            let failure = try await code(HTTPRequest(url: server.url()))
            #expect(failure == .reset)
        }
    }

    @Test("a port that nobody listens on is a connect error")
    func nobody() async throws {
        // Of the ports that are handed out once, so that nobody has it meanwhile.
        let failure = try await code(HTTPRequest(url: "http://127.0.0.1:\(FreePort.next())/"))
        #expect(failure == .connect)
    }

    @Test("a name without an address is a DNS error")
    func unknownHost() async throws {
        let failure = try await code(HTTPRequest(url: "http://martlet.invalid/"))
        #expect(failure == .dns)
    }

    @Test("a peer that does not speak TLS is a TLS error")
    func noTLS() async throws {
        try await HTTPTestServer.with { server in
            let failure = try await code(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
            #expect(failure == .tls)
        }
    }

    @Test("a configured proxy is used")
    func proxy() async throws {
        try await HTTPTestServer.with { server in
            var configuration = CurlHTTPConfiguration()
            configuration.proxy = server.url()
            let failure = try await code(HTTPRequest(url: "http://behind.test/x"), configuration)
            #expect(failure == nil)
            #expect(server.requests.elements.map(\.target) == ["http://behind.test/x"])
        }
    }

    @Test("cancelling the task gives the transfer up and closes its connection")
    func cancellation() async throws {
        try await HTTPTestServer.with(responder: { _ in .hang }) { server in
            let client = try CurlHTTPClient()
            let task = Task { await client.failure(of: HTTPRequest(url: server.url())) }
            await server.requests.wait(for: 1)
            task.cancel()
            #expect(await task.value == .cancelled)
            await server.closed.wait(for: 1)
            #expect(client.outstanding == 0)
            await client.shutdown()
        }
    }

    @Test("shutting down ends what is in flight and refuses what comes later")
    func shutdown() async throws {
        try await HTTPTestServer.with(responder: { _ in .hang }) { server in
            let client = try CurlHTTPClient()
            let task = Task { await client.failure(of: HTTPRequest(url: server.url())) }
            await server.requests.wait(for: 1)
            async let other: Void = client.shutdown()
            await client.shutdown()
            await other
            #expect(await task.value == .closed)
            await server.closed.wait(for: 1)
            await #expect(throws: HTTPTransportError.self) { try await client.send(HTTPRequest(url: server.url())) }
        }
    }

    @Test("clients that come and go leave no descriptor behind")
    func leaks() async throws {
        try await HTTPTestServer.with { server in
            let before = try OpenDescriptors.count()
            for _ in 0..<20 {
                let failure = try await code(HTTPRequest(url: server.url()))
                #expect(failure == nil)
            }
            await server.closed.wait(for: 20)
            // Tests beside this one open some too; twenty clients would leave sixty or more.
            #expect(try OpenDescriptors.count() < before + 60)
        }
    }
}
