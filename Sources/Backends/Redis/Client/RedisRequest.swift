import NIOCore

/// Commands that go out together on one connection, and the promise of their replies.
struct RedisRequest: Sendable {
    var bytes: ByteBuffer
    var replyCount: Int
    var deadline: NIODeadline
    /// Fails only with ``RedisError``.
    var promise: EventLoopPromise<[RESPValue]>

    init(_ commands: [RedisCommand], timeout: Duration, promise: EventLoopPromise<[RESPValue]>) {
        bytes = ByteBuffer()
        bytes.reserveCapacity(commands.reduce(16) { $0 + $1.byteCount })
        for command in commands {
            command.write(to: &bytes)
        }
        replyCount = commands.count
        deadline = .now() + TimeAmount(timeout)
        self.promise = promise
    }

    /// Makes a request of commands that are written already.
    init(_ bytes: ByteBuffer, replyCount: Int, timeout: Duration, promise: EventLoopPromise<[RESPValue]>) {
        self.bytes = bytes
        self.replyCount = replyCount
        deadline = .now() + TimeAmount(timeout)
        self.promise = promise
    }
}
