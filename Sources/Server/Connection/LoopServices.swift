import ChannelHub
import CoreMetrics
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the connections of one event loop share.
///
/// Threading: that loop only.
final class LoopServices {
    let eventLoop: any EventLoop
    let shard: HubShard
    /// Payloads are unmasked here; its content lasts for the handling of one message.
    var scratch = ByteBuffer()
    let signatures = SignatureScratch()
    /// Seconds since the loop's services started; moved on once a second.
    private(set) var now: UInt32 = 0
    /// The value of the `Date` header field (RFC 9110 §5.6.7).
    private(set) var date = HTTPDate.text(secondsSince1970: time(nil))
    private var ticker: RepeatedTask?
    private let lag: any TimerHandler
    private var expectedTick = NIODeadline.now()

    init(eventLoop: any EventLoop, shard: HubShard, lag: any TimerHandler) {
        self.eventLoop = eventLoop
        self.shard = shard
        self.lag = lag
    }

    /// Starts the clock that connections are reminded by.
    func startTicking() {
        eventLoop.assertInEventLoop()
        expectedTick = .now() + .seconds(1)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticker = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            bound.value.tick()
        }
    }

    func stopTicking() {
        ticker?.cancel()
    }

    /// A pass over all connections a second costs less than a timer in each.
    private func tick() {
        let late = max(0, (NIODeadline.now() - expectedTick).nanoseconds)
        lag.recordNanoseconds(late)
        expectedTick = .now() + .seconds(1)
        // A loop that was held up catches up with the seconds that it missed.
        now &+= 1 &+ UInt32(clamping: late / 1_000_000_000)
        date = HTTPDate.text(secondsSince1970: time(nil))
        shard.tick()
        shard.flush()
    }
}
