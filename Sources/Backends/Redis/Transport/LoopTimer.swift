import NIOCore

/// Does something again and again on its loop, until it is cancelled.
///
/// Threading: its loop.
final class LoopTimer {
    private let loop: any EventLoop
    private let interval: TimeAmount
    private let work: () -> Void
    private var scheduled: Scheduled<Void>?
    private var isCancelled = false

    /// Begins; the first time comes after one interval.
    init(every interval: Duration, on loop: any EventLoop, _ work: @escaping () -> Void) {
        self.loop = loop
        self.interval = TimeAmount(interval)
        self.work = work
        schedule()
    }

    /// Ends the repetition.
    func cancel() {
        isCancelled = true
        scheduled?.cancel()
    }

    private func schedule() {
        scheduled = loop.assumeIsolated().scheduleTask(in: interval) {
            guard !self.isCancelled else { return }
            self.work()
            if !self.isCancelled { self.schedule() }
        }
    }
}
