import CoreMetrics
import Logging
import NIOCore
import ServerCore

/// Counts connections that could not be accepted, mostly for want of descriptors, and logs the first of a series.
///
/// Accepting goes on after a pause (`AcceptBackoffHandler`), so the listener comes back by itself.
/// Threading: the listening channel's event loop only.
final class AcceptMonitor: ChannelInboundHandler {
    typealias InboundIn = Channel

    private let failures: any CounterHandler
    private let logger: Logger
    private var lastLogged: NIODeadline?

    init(failures: any CounterHandler, logger: Logger) {
        self.failures = failures
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failures.increment(by: 1)
        let now = NIODeadline.now()
        if lastLogged.map({ now - $0 > .seconds(10) }) ?? true {
            lastLogged = now
            logger.warning("connections cannot be accepted", metadata: .init([.errorMessage: "\(error)"]))
        }
        context.fireErrorCaught(error)
    }
}
