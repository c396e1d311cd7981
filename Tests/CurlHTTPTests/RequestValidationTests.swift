import CurlHTTP
import TestSupport
import Testing

@Suite("Requests that are refused before they are sent", .timeLimit(.minutes(1)))
struct RequestValidationTests {
    static let refused: [HTTPRequest] = [
        HTTPRequest(url: ""),
        HTTPRequest(url: "127.0.0.1"),
        HTTPRequest(url: "http://"),
        HTTPRequest(url: "http://127.0.0.1:99999/"),
        HTTPRequest(url: "http://127.0.0.1/a b"),
        HTTPRequest(url: "http://127.0.0.1/\r\nX-Injected: 1"),
        HTTPRequest(url: "http://127.0.0.1/\0"),
        HTTPRequest(url: "http://127.0.0.1/\u{e9}"),
        HTTPRequest(url: "file:///etc/passwd"),
        HTTPRequest(url: "ftp://127.0.0.1/"),
        HTTPRequest(url: "gopher://127.0.0.1/"),
        HTTPRequest(method: "", url: "http://127.0.0.1/"),
        HTTPRequest(method: "GET /x", url: "http://127.0.0.1/"),
        HTTPRequest(method: "GET\r\n", url: "http://127.0.0.1/"),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("", "1")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("X:Y", "1")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("X Y", "1")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("X\r\nY", "1")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("X", "1\r\nY: 2")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("X", "1\n")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("X", "\0")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("Transfer-Encoding", "chunked")]),
        HTTPRequest(url: "http://127.0.0.1/", headers: [HTTPField("content-length", "5")], body: [1]),
    ]

    @Test("an invalid request is refused", arguments: refused)
    func invalid(request: HTTPRequest) async throws {
        let client = try CurlHTTPClient()
        let error = await #expect(throws: HTTPTransportError.self) { try await client.send(request) }
        #expect(error?.code == .invalidRequest)
        await client.shutdown()
    }

    @Test("random bytes in URLs and headers never reach a server as a second header")
    func randomInput() async throws {
        var random = SeededGenerator(seed: 20)
        let alphabet = Array("ab:/?#%@[]\\\r\n\t \0\u{7f}\u{e9};,=".unicodeScalars)
        func text() -> String {
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
            }
            return text
        }
        try await HTTPTestServer.with { server in
            let client = try CurlHTTPClient()
            for _ in 0..<2_000 {
                let field = HTTPField("X" + text(), text())
                var request = HTTPRequest(url: server.url("/" + text()), headers: [field])
                request.timeout = .seconds(5)
                let failure = await client.failure(of: request)
                #expect(failure == nil || failure == .invalidRequest)
            }
            for request in server.requests.elements {
                #expect(request.headers.count == 2)
                #expect(request.method == "GET")
            }
            await client.shutdown()
        }
    }
}
