import ChannelHub
import Logging
import NIOCore
import PusherProtocol
import ServerCore

/// Lets the clients go without a stampede: first health says so, then sockets are closed in paced batches.
///
/// It ends as soon as nobody is left, and at the latest when the grace period is over.
struct Drain {
    let services: ServerServices

    /// Drains the server; new WebSockets are refused from the start.
    func run() async {
        let configuration = services.configuration.shutdown
        let deadline = ContinuousClock.now + configuration.gracePeriod
        services.state.startDraining()
        services.logger.info("draining", metadata: .init([.count: "\(services.state.connections)"]))
        await pause(for: configuration.pause, until: deadline)
        while services.state.connections > 0, ContinuousClock.now < deadline, !Task.isCancelled {
            await closeBatch(of: configuration.batchSize)
            let jitter = Duration.nanoseconds(Int64.random(in: 0...max(0, configuration.batchJitter.nanoseconds)))
            await pause(for: configuration.batchInterval + jitter, until: deadline)
        }
        let left = services.state.connections
        if left > 0 {
            services.logger.warning("grace period is over", metadata: .init([.count: "\(left)"]))
        }
    }

    private func pause(for duration: Duration, until deadline: ContinuousClock.Instant) async {
        let end = min(ContinuousClock.now + duration, deadline)
        // Cancelled only when the process is told to end at once.
        try? await Task.sleep(until: end)
    }

    private func closeBatch(of size: Int) async {
        let eventLoops = services.eventLoops
        let share = max(1, size / max(1, eventLoops.count))
        for eventLoop in eventLoops {
            let services = services
            // A loop that has shut down has no sockets left to close.
            try? await eventLoop.submit {
                let shard = services.loop(of: eventLoop).shard
                let open = shard.sockets.lazy.compactMap { $0 as? RealtimeConnection }.filter(\.isOpen)
                for connection in open.prefix(share) {
                    connection.close(code: CloseCode.reconnect.rawValue, reason: "Server is shutting down")
                }
                shard.flush()
            }.get()
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { timeAmount.nanoseconds }
}
