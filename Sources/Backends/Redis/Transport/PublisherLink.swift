import NIOCore

/// The connection on which messages are published at one place.
///
/// Threading: the transport's loop.
final class PublisherLink {
    /// What happens to the connection, told on the loop.
    struct Callbacks {
        /// Messages can be sent.
        var isUp: (_ again: Bool) -> Void
        var isDown: () -> Void
        var isFailing: () -> Void
    }

    let place: TransportPlace
    /// Until when nothing is sent, because subscribers may not have come back after an outage.
    private(set) var quietUntil = NIODeadline.now()
    private let link: TransportLink
    private let loop: any EventLoop
    private let options: RedisTransportOptions
    private let commandTimeout: Duration
    private var connection: RedisConnection?
    private var bytes = ByteBuffer()
    private var completions: [(Result<RESPValue, RedisError>) -> Void] = []
    private var replyCounts: [Int] = []
    private var pinger: LoopTimer?
    private var lastSent = NIODeadline.now()

    init(_ link: TransportLink, options: RedisTransportOptions, commandTimeout: Duration, loop: any EventLoop) {
        self.link = link
        place = link.place
        self.options = options
        self.commandTimeout = commandTimeout
        self.loop = loop
    }

    var isUp: Bool { connection != nil }

    /// Begins to connect.
    func start(_ callbacks: Callbacks) {
        link.start(
            .init(
                isUp: { connection, again in self.connected(connection, again: again, callbacks) },
                isDown: {
                    self.reset()
                    callbacks.isDown()
                },
                isFailing: callbacks.isFailing
            )
        )
    }

    /// Ends the connection, whose server turned out to be the wrong one; a new one is made at once.
    func renew() {
        link.renew()
    }

    /// Ends the connection for good.
    func close() {
        link.close()
        reset()
    }

    /// Appends a command, whose last reply goes to `completion`; `send` sends all of them.
    func append(
        replyCount: Int = 1,
        _ write: (inout ByteBuffer) -> Void,
        completion: @escaping (Result<RESPValue, RedisError>) -> Void
    ) {
        write(&bytes)
        replyCounts.append(replyCount)
        completions.append(completion)
    }

    /// Sends what was appended.
    func send() {
        guard !completions.isEmpty else { return }
        let (bytes, completions, replyCounts) = (bytes, completions, replyCounts)
        self.bytes = ByteBuffer()
        self.completions = []
        self.replyCounts = []
        lastSent = .now()
        submit(bytes, replyCount: replyCounts.reduce(0, +), timeout: commandTimeout) { result in
            switch result {
            case .success(let replies):
                var index = -1
                for (completion, count) in zip(completions, replyCounts) {
                    index += count
                    completion(.success(replies[index]))
                }
            case .failure(let error):
                let error = error as? RedisError ?? RedisError(.connectionLost, "\(error)")
                for completion in completions { completion(.failure(error)) }
            }
        }
    }

    private func submit(
        _ bytes: ByteBuffer,
        replyCount: Int,
        timeout: Duration,
        _ completion: @escaping (Result<[RESPValue], any Error>) -> Void
    ) {
        guard let connection else {
            return completion(.failure(RedisError(.notSent, "there is no connection to \(place)")))
        }
        let promise = loop.makePromise(of: [RESPValue].self)
        promise.futureResult.assumeIsolated().whenComplete(completion)
        connection.submit(RedisRequest(bytes, replyCount: replyCount, timeout: timeout, promise: promise))
    }

    private func connected(_ connection: RedisConnection, again: Bool, _ callbacks: Callbacks) {
        self.connection = connection
        if again { quietUntil = .now() + TimeAmount(options.settleTime) }
        pinger = LoopTimer(every: options.pingInterval, on: loop) { self.ping() }
        // A server that refuses is given the text with each call.
        var load = ByteBuffer()
        load.writeCommand("SCRIPT", [ByteBuffer(string: "LOAD"), ByteBuffer(string: RetainScript.source)])
        submit(load, replyCount: 1, timeout: commandTimeout) { result in
            guard self.connection === connection, case .success = result else { return }
            callbacks.isUp(again)
        }
    }

    /// Asks a silent connection whether it works; without an answer in time it ends.
    private func ping() {
        guard .now() - lastSent >= TimeAmount(options.pingInterval) else { return }
        lastSent = .now()
        var bytes = ByteBuffer()
        bytes.writeCommand("PING", [])
        submit(bytes, replyCount: 1, timeout: options.pingTimeout) { _ in }
    }

    private func reset() {
        connection = nil
        pinger?.cancel()
        pinger = nil
    }
}
