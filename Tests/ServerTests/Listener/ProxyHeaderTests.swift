import NIOCore
import TestSupport
import Testing

@testable import Server

/// Checks the PROXY protocol header, version 2.
@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    private static func header(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 0xff)] + rest
    }

    private static let v4 = header(0x21, 0x11, [192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0, 80])
    private static let v6 = header(
        0x21,
        0x21,
        [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [9] + [UInt8](repeating: 0, count: 16) + [
            0, 1, 0, 2,
        ]
    )

    @Test(
        "the client's address is read, and what follows is left",
        arguments: [
            (v4, "192.0.2.7" as String?), (v6, "2001:db8::9"), (header(0x20, 0, []), nil),
            (header(0x20, 0x11, [UInt8](repeating: 1, count: 12)), nil), (header(0x21, 0, []), nil),
            (header(0x21, 0x31, [UInt8](repeating: 1, count: 216)), nil),
            (header(0x21, 0x11, [192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0, 80, 3, 0, 1, 9]), "192.0.2.7"),
        ]
    )
    func reads(_ bytes: [UInt8], _ address: String?) throws {
        var buffer = ByteBuffer(bytes: bytes + Array("GET".utf8))
        let read = try ProxyHeader(readingFrom: &buffer)
        let header = try #require(read)
        #expect(header.clientAddress == address)
        #expect(String(buffer: buffer) == "GET")
    }

    @Test("nothing is taken until the header is complete", arguments: [v4, v6])
    func waits(_ bytes: [UInt8]) throws {
        for count in 0..<bytes.count {
            var buffer = ByteBuffer(bytes: bytes.prefix(count))
            let header = try ProxyHeader(readingFrom: &buffer)
            #expect(header == nil)
            #expect(buffer.readableBytes == count)
        }
    }

    @Test(
        "anything else is malformed at its first wrong byte",
        arguments: [
            Array("GET / HTTP/1.1\r\n".utf8), Array("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".utf8), [13, 10, 0], [0],
            header(0x11, 0x11, []), header(0x22, 0x11, []), header(0x21, 0x11, [1, 2, 3]),
            header(0x21, 0x21, [UInt8](repeating: 0, count: 12)),
            signature + [0x21, 0x11, 0xff, 0xff],
        ]
    )
    func refuses(_ bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        #expect(throws: ProxyHeader.Malformed.self) { try ProxyHeader(readingFrom: &buffer) }
    }

    @Test("random bytes behind a signature never crash")
    func survivesNoise() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<20_000 {
            var bytes = Self.signature + random.bytes(Int.random(in: 0...60, using: &random))
            if bytes.count > 14 { bytes[12] = 0x21; bytes[14] = 0 }
            var buffer = ByteBuffer(bytes: bytes)
            _ = try? ProxyHeader(readingFrom: &buffer)
            #expect(buffer.readableBytes <= bytes.count)
        }
    }
}
