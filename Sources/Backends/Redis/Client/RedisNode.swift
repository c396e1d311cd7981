import NIOCore
import Synchronization

/// The connection to one server, made when it is needed and again after it was lost.
///
/// Many callers make one attempt to connect. After a failed one, callers get its error at once until the back-off is
/// over, so that a dead server costs nothing but its error. Nothing runs beside the callers.
final class RedisNode: Sendable {
    private enum Phase {
        case idle
        case connecting(EventLoopFuture<RedisConnection>)
        case connected(RedisConnection)
        case pausing(until: ContinuousClock.Instant, RedisError)
        /// For good; the error says why.
        case closed(RedisError)
    }

    private struct State {
        var phase = Phase.idle
        var failures = 0
        var downSince: ContinuousClock.Instant?
    }

    private let loop: any EventLoop
    private let backoff = RedisBackoff()
    private let dial: @Sendable () async throws(RedisError) -> RedisConnection
    private let state = Mutex(State())

    /// Makes a node that is reached by `dial`.
    init(on loop: any EventLoop, dial: @escaping @Sendable () async throws(RedisError) -> RedisConnection) {
        self.loop = loop
        self.dial = dial
    }

    /// When the outage began that still goes on; `nil` while the node is reachable as far as known.
    var downSince: ContinuousClock.Instant? {
        state.withLock { $0.downSince }
    }

    /// Drops a connection whose server turned out to be the wrong one; the next command makes a new one.
    func leave(_ connection: RedisConnection) {
        state.withLock { state in
            if case .connected(let current) = state.phase, current === connection { state.phase = .idle }
        }
        connection.close()
    }

    /// Ends the connection for good; commands that come later get the error.
    func close(because error: RedisError = .clientClosed) {
        let connection = state.withLock { state -> RedisConnection? in
            defer { state.phase = .closed(error) }
            guard case .connected(let connection) = state.phase else { return nil }
            return connection
        }
        connection?.close()
    }

    private enum Step {
        case use(RedisConnection)
        case wait(EventLoopFuture<RedisConnection>)
        case dial(EventLoopPromise<RedisConnection>)
    }

    /// The connection, made if there is none.
    func connection() async throws(RedisError) -> RedisConnection {
        let step = try state.withLock { (state: inout State) throws(RedisError) -> Step in try nextStep(&state) }
        switch step {
        case .use(let connection):
            return connection
        case .wait(let future):
            return try await Self.wait(for: future)
        case .dial(let promise):
            loop.makeFutureWithTask { [dial] in try await dial() }.whenComplete { self.finish(promise, $0) }
            return try await Self.wait(for: promise.futureResult)
        }
    }

    private func nextStep(_ state: inout State) throws(RedisError) -> Step {
        switch state.phase {
        case .connected(let connection) where connection.isOpen:
            return .use(connection)
        case .connecting(let future):
            return .wait(future)
        case .pausing(let end, let error) where ContinuousClock.now < end:
            throw error
        case .closed(let error):
            throw error
        case .idle, .connected, .pausing:
            let promise = loop.makePromise(of: RedisConnection.self)
            state.phase = .connecting(promise.futureResult)
            return .dial(promise)
        }
    }

    private func finish(_ promise: EventLoopPromise<RedisConnection>, _ result: Result<RedisConnection, any Error>) {
        let closing = state.withLock { state -> RedisError? in
            if case .closed(let error) = state.phase { return error }
            switch result {
            case .success(let connection):
                state = State(phase: .connected(connection))
            case .failure(let error):
                state.failures += 1
                state.downSince = state.downSince ?? .now
                let pause = backoff.pause(afterFailures: state.failures)
                state.phase = .pausing(until: .now + pause, Self.redisError(error))
            }
            return nil
        }
        if let closing {
            if case .success(let connection) = result { connection.close() }
            promise.fail(closing)
        } else {
            promise.completeWith(result)
        }
    }

    private static func wait(for future: EventLoopFuture<RedisConnection>) async throws(RedisError) -> RedisConnection {
        do {
            return try await future.getUnlessCancelled()
        } catch {
            throw redisError(error)
        }
    }

    private static func redisError(_ error: any Error) -> RedisError {
        error as? RedisError ?? RedisError(.cancelled, "the caller was cancelled")
    }
}
