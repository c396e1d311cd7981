import RedisBackend
import TestSupport
import Testing

@Suite("Redis URLs")
struct RedisURLTests {
    @Test(
        "addresses with and without a scheme, a port, a user and a database",
        arguments: [
            ("redis", "redis", 6379), ("redis:7000", "redis", 7000), ("redis://redis", "redis", 6379),
            ("rediss://r.example:1/", "r.example", 1), ("redis://[::1]:7000", "::1", 7000),
            ("[fe80::1]", "fe80::1", 6379),
            ("REDIS://10.0.0.1:65535/3", "10.0.0.1", 65_535), ("redis://u:p@h", "h", 6379),
        ]
    )
    func addresses(text: String, host: String, port: Int) {
        #expect(RedisURL(text)?.address == RedisAddress(host: host, port: port))
    }

    @Test("everything that a URL says is understood")
    func parts() throws {
        let url = try #require(RedisURL("rediss://us%40er:p%3Aa%2fss:w@ord@node:7001/5"))
        #expect(url.usesTLS)
        #expect(url.credentials == RedisCredentials(username: "us@er", password: "p:a/ss:w@ord"))
        #expect(url.database == 5)
        #expect(RedisURL("redis://:pw@h")?.credentials == RedisCredentials(password: "pw"))
        #expect(RedisURL("redis://h")?.database == nil)
    }

    @Test(
        "what is no address is none",
        arguments: [
            "", ":", "redis://", "http://h", "h:0", "h:65536", "h:x", "::1", "[::1", "[::1]x", "redis://h/x",
            "redis://h/-1",
            "redis://%zz@h", "redis://%e9@h", "h h", "redis://u:p@", "h?x",
        ]
    )
    func invalid(text: String) {
        #expect(RedisURL(text) == nil)
    }

    @Test("random texts never do more than fail")
    func fuzz() {
        var generator = SeededGenerator(seed: 5)
        let alphabet = Array("redis:/@[]%0a?# é.,=")
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "x"
                }
            )
            if let url = RedisURL(text) {
                #expect((1...65_535).contains(url.address.port))
                #expect(!url.address.host.isEmpty)
            }
        }
    }
}
