import NIOCore
import PusherProtocol
import Testing

/// Checks the frames that the server writes.
@Suite struct WebSocketFrameTests {
    /// A length and the header that it takes.
    struct Header: Sendable {
        var count: Int
        var bytes: [UInt8]
    }

    @Test(
        "headers have the shortest form",
        arguments: [
            Header(count: 0, bytes: [0x81, 0]), Header(count: 125, bytes: [0x81, 125]),
            Header(count: 126, bytes: [0x81, 126, 0, 126]), Header(count: 65_535, bytes: [0x81, 126, 0xff, 0xff]),
            Header(count: 65_536, bytes: [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ]
    )
    func writesHeaders(_ header: Header) {
        var buffer = ByteBuffer()
        WebSocketFrame.writeHeader(.text, payloadBytes: header.count, to: &buffer)
        #expect(Array(buffer.readableBytesView) == header.bytes)
        #expect(WebSocketFrame.headerBytes(forPayload: header.count) == header.bytes.count)
    }

    @Test(
        "a close frame's reason is cut at a character's border to what fits",
        arguments: [
            "", "short", String(repeating: "x", count: 123), String(repeating: "x", count: 124),
            String(repeating: "é", count: 100), String(repeating: "😀", count: 100),
            "x" + String(repeating: "👨‍👩‍👧‍👦", count: 20),
            String(repeating: "y", count: 20_000), "e" + String(repeating: "\u{301}", count: 200),
        ]
    )
    func cutsReasons(_ reason: String) throws {
        var buffer = ByteBuffer()
        WebSocketFrame.writeClose(code: 4100, reason: reason, to: &buffer)
        #expect(buffer.readInteger(as: UInt8.self) == 0x88)
        let length = buffer.readInteger(as: UInt8.self)
        let count = Int(try #require(length))
        #expect(count <= 125 && count == buffer.readableBytes)
        #expect(buffer.readInteger(as: UInt16.self) == 4100)
        let told = try #require(String(validating: buffer.readableBytesView, as: UTF8.self))
        #expect(reason.utf8.starts(with: told.utf8))
        #expect(reason.utf8.count > 123 || told == reason)
    }

    @Test("a whole frame is its header and its payload")
    func writesFrames() {
        var buffer = ByteBuffer()
        WebSocketFrame.write(.pong, payload: ByteBuffer(bytes: [1, 2]).readableBytesView, to: &buffer)
        #expect(Array(buffer.readableBytesView) == [0x8a, 2, 1, 2])
    }
}
