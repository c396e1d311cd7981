import CurlHTTP
import TestSupport
import Testing

@Suite("The HTTP client", .timeLimit(.minutes(1)))
struct CurlHTTPClientTests {
    /// Runs with a client that is shut down afterwards.
    private func withClient<Result>(
        _ configuration: CurlHTTPConfiguration = CurlHTTPConfiguration(),
        _ body: (CurlHTTPClient) async throws -> Result
    ) async throws -> Result {
        let client = try CurlHTTPClient(configuration: configuration)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    @Test("a response comes back with status, duplicate fields and body")
    func response() async throws {
        let reply = HTTPTestServer.Reply.respond(
            status: 404,
            headers: [("Set-Cookie", "a=1"), ("X-Blank", "  padded "), ("set-cookie", "b=2")],
            body: Array("nothing here".utf8)
        )
        try await HTTPTestServer.with(responder: { _ in reply }) { server in
            try await withClient { client in
                let response = try await client.send(HTTPRequest(url: server.url("/a/../b?c=%20d")))
                #expect(response.status == 404)
                #expect(response.headers.filter { $0.isNamed("Set-Cookie") }.map(\.value) == ["a=1", "b=2"])
                #expect(response.value(of: "x-blank") == "padded")
                #expect(response.body == Array("nothing here".utf8))
                #expect(server.requests.elements.map(\.target) == ["/a/../b?c=%20d"])
            }
        }
    }

    @Test("header fields go out exactly as given and none are added")
    func exactHeaders() async throws {
        try await HTTPTestServer.with { server in
            try await withClient { client in
                let body = [UInt8](repeating: 7, count: 2 << 20)
                let fields = [
                    HTTPField("X-Amz-Date", "20260101T000000Z"), HTTPField("x-Twice", "1"), HTTPField("X-Empty", ""),
                    HTTPField("X-Twice", "2"), HTTPField("X-Text", "gr\u{fc}n; a:b"),
                ]
                _ = try await client.send(
                    HTTPRequest(method: "POST", url: server.url(), headers: fields, body: body)
                )
                let request = try #require(server.requests.elements.first)
                let sent = request.headers.filter { !["Host", "Content-Length"].contains($0.name) }
                #expect(sent.map { HTTPField($0.name, $0.value) } == fields)
                #expect(request.values(of: "Host") == ["127.0.0.1:\(server.port)"])
                #expect(request.values(of: "Content-Length") == ["\(body.count)"])
                #expect(request.body == body)
            }
        }
    }

    @Test("fields that libcurl has an opinion on are the caller's if given")
    func ownedHeaders() async throws {
        try await HTTPTestServer.with { server in
            try await withClient { client in
                let fields = [
                    HTTPField("Content-Type", "application/json"), HTTPField("accept", "text/x"),
                    HTTPField("User-Agent", "Martlet"), HTTPField("Authorization", "AWS4-HMAC-SHA256 x"),
                    HTTPField("Content-Length", "2"), HTTPField("Host", "signed.test"),
                ]
                _ = try await client.send(
                    HTTPRequest(method: "POST", url: server.url(), headers: fields, body: Array("{}".utf8))
                )
                let request = try #require(server.requests.elements.first)
                let sent = Set(request.headers.map { "\($0.name): \($0.value)" })
                #expect(sent == Set(fields.map { "\($0.name): \($0.value)" }))
                #expect(request.headers.count == fields.count)
            }
        }
    }

    @Test(
        "methods arrive with the right framing",
        arguments: [
            ("GET", ""), ("HEAD", ""), ("DELETE", ""), ("POST", ""), ("PUT", ""), ("PUT", "x"), ("DELETE", "x"),
        ]
    )
    func methods(method: String, body: String) async throws {
        try await HTTPTestServer.with(
            responder: { _ in .respond(status: 200, headers: [("Content-Length", method == "HEAD" ? "9" : "0")]) },
            { server in
                try await withClient { client in
                    let request = HTTPRequest(method: method, url: server.url(), body: Array(body.utf8))
                    let status = try await client.send(request).status
                    #expect(status == 200)
                    let seen = try #require(server.requests.elements.first)
                    #expect(seen.method == method)
                    #expect(seen.body == Array(body.utf8))
                    let hasLength = !body.isEmpty || method == "POST" || method == "PUT"
                    #expect(seen.values(of: "Content-Length") == (hasLength ? ["\(body.utf8.count)"] : []))
                }
            }
        )
    }

    @Test("requests in turn share one connection")
    func keepAlive() async throws {
        try await HTTPTestServer.with { server in
            try await withClient { client in
                for index in 0..<20 {
                    _ = try await client.send(HTTPRequest(method: "POST", url: server.url("/\(index)"), body: [1]))
                }
                #expect(server.requests.elements.map(\.target) == (0..<20).map { "/\($0)" })
                #expect(server.accepted.elements == [1])
            }
            #expect(await server.closed.wait(for: 1) == [1])
        }
    }

    @Test("a redirect is returned, not followed")
    func redirect() async throws {
        let reply = HTTPTestServer.Reply.respond(status: 302, headers: [("Location", "/elsewhere")])
        try await HTTPTestServer.with(responder: { _ in reply }) { server in
            try await withClient { client in
                let status = try await client.send(HTTPRequest(url: server.url())).status
                #expect(status == 302)
                #expect(server.requests.elements.count == 1)
            }
        }
    }

    @Test("more requests than slots are all served, never more at once than the host may have")
    func concurrency() async throws {
        var configuration = CurlHTTPConfiguration()
        configuration.maxInFlight = 8
        configuration.maxConnectionsPerHost = 4
        try await HTTPTestServer.with { server in
            try await withClient(configuration) { client in
                try await withThrowingTaskGroup { group in
                    for index in 0..<200 {
                        group.addTask { try await client.send(HTTPRequest(url: server.url("/\(index)"))).status }
                    }
                    for try await status in group {
                        #expect(status == 200)
                    }
                }
                #expect(Set(server.requests.elements.map(\.target)).count == 200)
                #expect(server.accepted.elements.count <= 4)
                #expect(client.outstanding == 0)
            }
        }
    }

    @Test("a host that hangs with all its slots taken does not hold up another")
    func fairness() async throws {
        var configuration = CurlHTTPConfiguration()
        configuration.maxConnectionsPerHost = 2
        try await HTTPTestServer.with(responder: { _ in .hang }) { slow in
            try await HTTPTestServer.with { healthy in
                try await withClient(configuration) { client in
                    let stuck = Task {
                        await withTaskGroup { group in
                            for _ in 0..<50 {
                                group.addTask { await client.failure(of: HTTPRequest(url: slow.url())) }
                            }
                        }
                    }
                    await slow.requests.wait(for: 2)
                    let status = try await client.send(HTTPRequest(url: healthy.url())).status
                    #expect(status == 200)
                    #expect(slow.requests.elements.count == 2)
                    stuck.cancel()
                    await stuck.value
                    #expect(client.outstanding == 0)
                }
            }
        }
    }

    @Test("a request beyond the queue's bound is refused")
    func queueFull() async throws {
        var configuration = CurlHTTPConfiguration()
        configuration.maxInFlight = 1
        configuration.maxQueued = 0
        try await HTTPTestServer.with(responder: { _ in .hang }) { server in
            try await withClient(configuration) { client in
                let first = Task { await client.failure(of: HTTPRequest(url: server.url())) }
                await server.requests.wait(for: 1)
                #expect(await client.failure(of: HTTPRequest(url: server.url())) == .queueFull)
                first.cancel()
                #expect(await first.value == .cancelled)
            }
        }
    }
}
