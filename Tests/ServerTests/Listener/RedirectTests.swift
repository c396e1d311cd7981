import NIOHTTP1
import Testing

@testable import Server

/// Checks where plain-HTTP requests are sent.
@Suite struct RedirectTests {
    private func location(host: String?, uri: String = "/a?b=c", port: Int = 443) -> String? {
        let headers = host.map { HTTPHeaders([("Host", $0)]) } ?? HTTPHeaders()
        return RedirectHandler.location(
            of: HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: headers),
            httpsPort: port
        )
    }

    @Test("the same place over HTTPS, on its port")
    func redirects() {
        #expect(location(host: "example.com") == "https://example.com/a?b=c")
        #expect(location(host: "example.com:80") == "https://example.com/a?b=c")
        #expect(location(host: "example.com:80", port: 8443) == "https://example.com:8443/a?b=c")
        #expect(location(host: "[::1]:80") == "https://[::1]/a?b=c")
        #expect(location(host: "[::1]") == "https://[::1]/a?b=c")
    }

    @Test(
        "who does not say where is not sent anywhere",
        arguments: [
            "", " ", "a b", "a/b", "a\\b", "user@evil.com", "é.com", "a\r\nb", "a\u{7f}", "a\tb",
        ]
    )
    func refuses(_ host: String) {
        #expect(location(host: host) == nil)
    }

    @Test("a target that is no path is not sent anywhere", arguments: ["*", "http://x/", "example.com:443", ""])
    func refusesTargets(_ uri: String) {
        #expect(location(host: "a", uri: uri) == nil)
        #expect(location(host: nil) == nil)
    }
}
