import Logging
import NIOCore
import ServerCore

/// A connection to one place that is made again whenever it is lost, with growing pauses.
///
/// Threading: its loop, on which the connections live too.
final class TransportLink {
    /// What happens to the connection, told on the loop.
    struct Callbacks {
        var isUp: (RedisConnection, _ again: Bool) -> Void
        var isDown: () -> Void
        /// Another try failed.
        var isFailing: () -> Void
    }

    let place: TransportPlace
    private let loop: any EventLoop
    private let dial: @Sendable (TransportPlace) async throws -> RedisConnection
    private let logger: Logger
    private let backoff = RedisBackoff(initial: .milliseconds(50), longest: .milliseconds(500))
    private var callbacks: Callbacks?
    private(set) var connection: RedisConnection?
    private var failures = 0
    private var wasUp = false
    private var downSince: ContinuousClock.Instant?
    private var isClosed = false

    init(
        _ place: TransportPlace,
        on loop: any EventLoop,
        logger: Logger,
        dial: @escaping @Sendable (TransportPlace) async throws -> RedisConnection
    ) {
        self.place = place
        self.loop = loop
        self.logger = logger
        self.dial = dial
    }

    /// Makes the first connection.
    func start(_ callbacks: Callbacks) {
        self.callbacks = callbacks
        connect()
    }

    /// Ends the connection; a new one is made at once.
    func renew() {
        connection?.close()
    }

    /// Ends the connection for good.
    func close() {
        isClosed = true
        callbacks = nil
        connection?.close()
        connection = nil
    }

    private func connect() {
        guard !isClosed else { return }
        loop.makeFutureWithTask { [dial, place] in try await dial(place) }.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let connection): self.adopt(connection)
            case .failure(let error): self.pause(after: error)
            }
        }
    }

    private func adopt(_ new: RedisConnection) {
        guard !isClosed else { return new.close() }
        connection = new
        failures = 0
        if let downSince {
            let outage = (ContinuousClock.now - downSince).wholeMilliseconds
            logger.notice(
                "a Redis of the cluster transport is reached again",
                metadata: .init([.peerAddress: "\(new.address)", .durationMilliseconds: "\(outage)"])
            )
        }
        downSince = nil
        let isAgain = wasUp
        wasUp = true
        new.closed.assumeIsolated().whenComplete { _ in self.lost(new) }
        callbacks?.isUp(new, isAgain)
    }

    private func lost(_ old: RedisConnection) {
        guard !isClosed, connection === old else { return }
        connection = nil
        tellOutage("the connection ended")
        callbacks?.isDown()
        connect()
    }

    private func pause(after error: any Error) {
        guard !isClosed else { return }
        failures += 1
        tellOutage("\(error)")
        callbacks?.isFailing()
        loop.assumeIsolated().scheduleTask(in: TimeAmount(backoff.pause(afterFailures: failures))) { self.connect() }
    }

    private func tellOutage(_ reason: String) {
        guard downSince == nil else { return }
        downSince = .now
        logger.warning(
            "a Redis of the cluster transport cannot be reached",
            metadata: .init([.peerAddress: "\(place)", .errorMessage: "\(reason)"])
        )
    }
}
