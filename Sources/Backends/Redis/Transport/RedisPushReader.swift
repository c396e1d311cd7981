import NIOCore

/// What a server sends on a connection that subscribes.
enum RedisPush: Equatable {
    case message(name: ByteBuffer, payload: ByteBuffer)
    case subscribed(ByteBuffer)
    /// Also unasked, when the slot of a sharded topic has moved away.
    case unsubscribed(ByteBuffer)
    case pong(ByteBuffer)
    case error(String)
    /// Something without a meaning here.
    case other
}

/// Decodes what a server sends on a connection that subscribes (RESP2), without copying the messages.
///
/// What a server can make this process hold is bounded by `maxBytes` for one string. After an error the stream cannot
/// be understood any more and the connection must be closed.
struct RedisPushReader {
    private static let maxElements = 16
    private static let maxLineBytes = 4_096
    private let maxBytes: Int
    private var buffer = ByteBuffer()

    init(maxBytes: Int = 64 << 20) {
        self.maxBytes = maxBytes
    }

    /// Takes in bytes that came.
    mutating func feed(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Takes out what came next, or `nil` until more bytes come.
    mutating func next() throws(RedisError) -> RedisPush? {
        let start = buffer.readerIndex
        if let push = try readPush() { return push }
        buffer.moveReaderIndex(to: start)
        return nil
    }

    private mutating func readPush() throws(RedisError) -> RedisPush? {
        guard let element = try readElement() else { return nil }
        switch element {
        case .bytes(let bytes): return .pong(bytes)
        case .error(let text): return .error(text)
        case .other: return .other
        case .array(let count):
            guard (0...Self.maxElements).contains(count) else { throw Self.malformed }
            return try readArray(count)
        }
    }

    private mutating func readArray(_ count: Int) throws(RedisError) -> RedisPush? {
        var kind = ByteBuffer()
        var name: ByteBuffer?
        var payload: ByteBuffer?
        for index in 0..<count {
            guard let element = try readElement() else { return nil }
            guard case .bytes(let bytes) = element else {
                if case .array = element { throw Self.malformed }
                continue
            }
            switch index {
            case 0: kind = bytes
            case 1: name = bytes
            case 2: payload = bytes
            default: break
            }
        }
        return Self.push(kind, name, payload)
    }

    private static func push(_ kind: ByteBuffer, _ name: ByteBuffer?, _ payload: ByteBuffer?) -> RedisPush {
        guard let name else { return .other }
        switch kind {
        case messageKind, shardMessageKind: return payload.map { .message(name: name, payload: $0) } ?? .other
        case subscribeKind, shardSubscribeKind: return .subscribed(name)
        case unsubscribeKind, shardUnsubscribeKind: return .unsubscribed(name)
        case pongKind: return .pong(name)
        default: return .other
        }
    }

    private enum Element {
        case bytes(ByteBuffer)
        case array(Int)
        case error(String)
        case other
    }

    private mutating func readElement() throws(RedisError) -> Element? {
        guard let sign = buffer.readInteger(as: UInt8.self), let line = try readLine() else { return nil }
        switch sign {
        case UInt8(ascii: "$"):
            let count = try Self.number(line)
            guard count >= 0 else {
                guard count == -1 else { throw Self.malformed }
                return .other
            }
            guard count <= maxBytes else { throw Self.malformed }
            guard let bytes = buffer.readSlice(length: count) else { return nil }
            guard let end = buffer.readInteger(as: UInt16.self) else { return nil }
            guard end == 0x0d0a else { throw Self.malformed }
            return .bytes(bytes)
        case UInt8(ascii: "*"): return .array(try Self.number(line))
        case UInt8(ascii: "-"): return .error(String(decoding: line.readableBytesView, as: UTF8.self))
        case UInt8(ascii: "+"), UInt8(ascii: ":"): return .other
        default: throw Self.malformed
        }
    }

    /// Reads up to the end of a line, which is read too.
    private mutating func readLine() throws(RedisError) -> ByteBuffer? {
        let view = buffer.readableBytesView.prefix(Self.maxLineBytes)
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
            guard view.count < Self.maxLineBytes else { throw Self.malformed }
            return nil
        }
        let count = end - view.startIndex
        guard count > 0, let line = buffer.readSlice(length: count + 1),
            let text = line.getSlice(at: line.readerIndex, length: count - 1),
            line.getInteger(at: line.readerIndex + count - 1) == UInt8(ascii: "\r")
        else { throw Self.malformed }
        return text
    }

    private static func number(_ line: ByteBuffer) throws(RedisError) -> Int {
        var digits = line.readableBytesView
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard (1...10).contains(digits.count) else { throw malformed }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { throw malformed }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return isNegative ? -value : value
    }

    private static var malformed: RedisError {
        RedisError(.malformed, "what came on a subscribing connection cannot be understood")
    }

    private static let messageKind = ByteBuffer(string: "message")
    private static let shardMessageKind = ByteBuffer(string: "smessage")
    private static let subscribeKind = ByteBuffer(string: "subscribe")
    private static let shardSubscribeKind = ByteBuffer(string: "ssubscribe")
    private static let unsubscribeKind = ByteBuffer(string: "unsubscribe")
    private static let shardUnsubscribeKind = ByteBuffer(string: "sunsubscribe")
    private static let pongKind = ByteBuffer(string: "pong")
}
