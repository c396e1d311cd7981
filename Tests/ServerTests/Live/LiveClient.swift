import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// A client's connection: writes any bytes, keeps what comes back.
final class LiveClient: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    /// What came back, and whether more can come.
    private final class Inbox: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private struct State {
            var bytes: [UInt8] = []
            var isClosed = false
            var waiters:
                [(condition: @Sendable ([UInt8], Bool) -> Bool, continuation: CheckedContinuation<[UInt8], Never>)] = []
        }

        private let state = Mutex(State())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            change { $0.bytes += bytes }
        }

        func channelInactive(context: ChannelHandlerContext) {
            change { $0.isClosed = true }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { change { $0.isClosed = true } }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func change(_ body: (inout State) -> Void) {
            let ready = state.withLock { state in
                body(&state)
                let (bytes, isClosed) = (state.bytes, state.isClosed)
                let ready = state.waiters.filter { $0.condition(bytes, isClosed) }
                state.waiters.removeAll { $0.condition(bytes, isClosed) }
                return ready.map { ($0.continuation, bytes) }
            }
            for (continuation, bytes) in ready { continuation.resume(returning: bytes) }
        }

        func wait(_ condition: @escaping @Sendable ([UInt8], Bool) -> Bool) async -> [UInt8] {
            await withCheckedContinuation { continuation in
                let done: [UInt8]? = state.withLock { state in
                    if condition(state.bytes, state.isClosed) { return state.bytes }
                    state.waiters.append((condition, continuation))
                    return nil
                }
                if let done { continuation.resume(returning: done) }
            }
        }
    }

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects to a port of 127.0.0.1 or to a Unix socket.
    ///
    /// `staysOpen` keeps the client's side open when the server ends its own; without `reads` nothing is read until
    /// `startReading`.
    static func connect(port: Int, staysOpen: Bool = false, reads: Bool = true) async throws -> LiveClient {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: staysOpen)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(inbox) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return LiveClient(channel: channel, inbox: inbox)
    }

    /// Reads from now on.
    func startReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Waits until what came contains a text, or nothing more can come; returns all of it.
    func text(until needle: String, count: Int = 1) async -> String {
        let bytes = await inbox.wait { bytes, isClosed in
            isClosed || String(decoding: bytes, as: UTF8.self).ranges(of: needle).count >= count
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Waits until the server has ended its side; returns all that came.
    func textUntilClosed() async -> String {
        String(decoding: await bytesUntilClosed(), as: UTF8.self)
    }

    /// Waits until the server has ended its side; returns all that came.
    func bytesUntilClosed() async -> [UInt8] {
        await inbox.wait { $1 }
    }

    /// Waits for a number of bytes, or the end.
    func bytes(_ count: Int) async -> [UInt8] {
        await inbox.wait { $1 || $0.count >= count }
    }

    func close() async throws {
        try await channel.close()
    }

    /// Waits until the connection is gone altogether.
    func gone() async throws {
        try await channel.closeFuture.get()
    }
}
