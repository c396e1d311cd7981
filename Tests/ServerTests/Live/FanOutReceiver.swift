import Digest
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A WebSocket client that subscribes to `private-a` and checks that it gets every event, whole and in order.
///
/// The data of event n is `n:` and then as many of one letter as the rest is long, which a torn frame does not survive.
final class FanOutReceiver: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What has come so far.
    struct Progress: Sendable {
        var first: Int?
        var last = 0
        var isSubscribed = false
        var isClosed = false
        /// What was wrong, the first time that something was.
        var fault: String?
    }

    private struct State {
        var received = ByteBuffer()
        var isUpgraded = false
        var progress = Progress()
    }

    private let state = Mutex(State())
    private let isSlow: Atomic<Bool>

    init(isSlow: Bool = false) {
        self.isSlow = Atomic(isSlow)
    }

    var progress: Progress { state.withLock { $0.progress } }

    /// Reads at full speed from now on.
    func hurry() { isSlow.store(false, ordering: .relaxed) }

    func channelActive(context: ChannelHandlerContext) {
        let request =
            "GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let answers = state.withLock { state in
            state.received.writeImmutableBuffer(bytes)
            return Self.read(&state)
        }
        for answer in answers {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard isSlow.load(ordering: .relaxed) else {
            context.read()
            return
        }
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .milliseconds(10)) { channel.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.withLock { $0.progress.isClosed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Reads what is complete; returns what to send.
    private static func read(_ state: inout State) -> [[UInt8]] {
        var answers: [[UInt8]] = []
        if !state.isUpgraded {
            let view = state.received.readableBytesView
            guard let end = view.indices.first(where: { view[$0...].starts(with: "\r\n\r\n".utf8) }) else { return [] }
            state.received.moveReaderIndex(to: end + 4)
            state.isUpgraded = true
        }
        while state.progress.fault == nil, let payload = frame(&state) {
            if let answer = receive(payload, &state.progress) { answers.append(answer) }
        }
        state.received.discardReadBytes()
        return answers
    }

    private static func frame(_ state: inout State) -> ByteBuffer? {
        let start = state.received.readerIndex
        guard let first: UInt8 = state.received.getInteger(at: start),
            let short: UInt8 = state.received.getInteger(at: start + 1)
        else { return nil }
        guard first == 0x81 else {
            state.progress.fault = "after \(state.progress.last) a frame starts with \(first)"
            return nil
        }
        let length: (count: Int, header: Int)?
        switch short {
        case 126: length = state.received.getInteger(at: start + 2, as: UInt16.self).map { (Int($0), 4) }
        case 127: length = state.received.getInteger(at: start + 2, as: UInt64.self).map { (Int(clamping: $0), 10) }
        default: length = (Int(short), 2)
        }
        guard let length, state.received.readableBytes >= length.header + length.count else { return nil }
        state.received.moveReaderIndex(forwardBy: length.header)
        return state.received.readSlice(length: length.count)
    }

    private static func receive(_ payload: ByteBuffer, _ progress: inout Progress) -> [UInt8]? {
        let prefix = #"{"event":"client-e","channel":"private-a","data":""#
        guard payload.readableBytesView.starts(with: prefix.utf8) else {
            let text = String(buffer: payload)
            if text.contains("subscription_succeeded") { progress.isSubscribed = true }
            guard let match = text.firstMatch(of: /socket_id\\":\\"([\d.]+)/) else {
                if text.contains("pusher:error") { progress.fault = text }
                return nil
            }
            return subscription(socketID: String(match.1))
        }
        let start = payload.readerIndex + prefix.utf8.count
        let digits =
            payload.viewBytes(at: start, length: min(8, payload.readableBytes - prefix.utf8.count)) ?? ByteBufferView()
        let number = digits.prefix { $0 != UInt8(ascii: ":") }.reduce(0) { $0 * 10 + Int($1) - 48 }
        // One comparison of memory: a loop over the bytes would take longer than everything that is tested.
        let expected = Self.event(number)
        let isWhole = payload.withUnsafeReadableBytes { received in
            expected.withUnsafeBytes { expected in
                guard let one = expected.baseAddress, let other = received.baseAddress else { return false }
                return expected.count == received.count && memcmp(one, other, expected.count) == 0
            }
        }
        if !isWhole || (progress.first != nil && number != progress.last + 1) {
            progress.fault = "after \(progress.last) came \(number), whole: \(isWhole)"
        }
        progress.first = progress.first ?? number
        progress.last = number
        return nil
    }

    private static func subscription(socketID: String) -> [UInt8] {
        let signature = HMACKey(secret: "secret").sign("\(socketID):private-a").hex
        return MaskedFrame.text(
            #"{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:\#(signature)"}}"#
        )
    }

    /// Event n, which is the same to send and to receive.
    static func event(_ number: Int) -> [UInt8] {
        let sizes = [20, 20, 100, 100, 200, 200, 500, 1_000, 4_000, 20_000]
        let size = number % 40 == 0 ? 100_000 : sizes[number * 7 % sizes.count]
        let letter = UInt8(ascii: "a") + UInt8(truncatingIfNeeded: number % 26)
        return Array(#"{"event":"client-e","channel":"private-a","data":"\#(number):"#.utf8)
            + [UInt8](repeating: letter, count: size) + Array("\"}".utf8)
    }
}
