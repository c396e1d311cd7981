import NIOCore
import Synchronization

/// One greeted connection to a server, shared by all who use it.
///
/// Threading: any task. Commands are sent at once, without waiting for replies of earlier ones; replies come in order.
final class RedisConnection: Sendable {
    let address: RedisAddress
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisChannelHandler>
    private let commandTimeout: Duration
    private let bounds: (count: Int, bytes: Int)
    private let load = Mutex((count: 0, bytes: 0))

    init(
        address: RedisAddress,
        channel: any Channel,
        handler: NIOLoopBound<RedisChannelHandler>,
        configuration: RedisConfiguration
    ) {
        self.address = address
        self.channel = channel
        self.handler = handler
        commandTimeout = configuration.commandTimeout
        bounds = (configuration.maxInFlight, configuration.maxInFlightBytes)
    }

    deinit {
        channel.close(promise: nil)
    }

    /// Whether commands can be sent.
    var isOpen: Bool { channel.isActive }

    /// Sends commands back to back and returns their replies, errors included, in order.
    ///
    /// A cancelled caller gets `.cancelled` at once, unless one of the commands outlives that.
    func send(_ commands: [RedisCommand], timeout: Duration? = nil) async throws(RedisError) -> [RESPValue] {
        let bytes = commands.reduce(0) { $0 + $1.byteCount }
        try enter(bytes)
        let promise = channel.eventLoop.makePromise(of: [RESPValue].self)
        let request = RedisRequest(commands, timeout: timeout ?? commandTimeout, promise: promise)
        promise.futureResult.whenComplete { _ in self.leave(bytes) }
        channel.eventLoop.execute { [handler] in handler.value.submit(request) }
        do {
            if commands.contains(where: \.outlivesCancellation) {
                return try await promise.futureResult.get()
            }
            return try await promise.futureResult.getUnlessCancelled()
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(.cancelled, "\(address): the caller was cancelled")
        }
    }

    /// Completes when the connection has ended.
    var closed: EventLoopFuture<Void> { channel.closeFuture }

    /// Sends a request that is made already, without counting it; call on the connection's loop.
    func submit(_ request: RedisRequest) {
        handler.value.submit(request)
    }

    /// Lets a handler have everything that the server sends from now on; call on the connection's loop while no reply
    /// is awaited.
    func subscribe(with subscriber: RedisSubscriberHandler) throws {
        try channel.pipeline.syncOperations.addHandler(subscriber, position: .before(handler.value))
    }

    /// Ends the connection; what is under way fails.
    func close() {
        channel.close(promise: nil)
    }

    private func enter(_ bytes: Int) throws(RedisError) {
        let hasRoom = load.withLock { load in
            guard load.count < bounds.count, load.bytes + bytes <= bounds.bytes || load.count == 0 else { return false }
            load.count += 1
            load.bytes += bytes
            return true
        }
        guard hasRoom else { throw RedisError(.overloaded, "\(address): too many commands are under way") }
    }

    private func leave(_ bytes: Int) {
        load.withLock { load in
            load.count -= 1
            load.bytes -= bytes
        }
    }
}
