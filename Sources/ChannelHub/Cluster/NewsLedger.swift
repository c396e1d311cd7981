import NIOCore
import ServerCore

/// The news of a topic that this node has to tell: which it has told, and which of those have reached their queue.
struct NewsLedger {
    private var told: UInt64 = 0
    private var acknowledged: UInt64 = 0
    private var settlesAt: NIODeadline?
    /// News up to this number are in their queue.
    private(set) var queued: UInt64 = 0

    /// Nothing is to be told, now or later, and the directory knows what was.
    var isQuiet: Bool { settlesAt == nil && acknowledged >= told }

    /// The directory knows of all that was told that it is in the queue.
    var isAcknowledged: Bool { acknowledged >= told }

    /// The directory does not know of all that is in the queue.
    var isAcknowledgementDue: Bool { queued > acknowledged }

    /// Takes the news of an outcome; returns those that are new.
    mutating func take(_ news: [ClusterNews]) -> [ClusterNews] {
        let fresh = news.filter { $0.number > told }
        told = max(told, fresh.last?.number ?? 0)
        return fresh
    }

    /// News up to a number are in their queue.
    mutating func noteQueued(_ number: UInt64) {
        queued = max(queued, number)
    }

    /// The directory knows what is in the queue up to a number.
    mutating func noteAcknowledged(_ number: UInt64) {
        acknowledged = max(acknowledged, number)
    }

    /// Departures wait to be told; returns when to call `noteTime`, if that is new.
    mutating func wait(for duration: Duration, now: NIODeadline) -> NIODeadline? {
        guard settlesAt == nil else { return nil }
        // Rather late than twice: the store's clock is another one.
        settlesAt = now + duration.timeAmount + .milliseconds(20)
        return settlesAt
    }

    /// Says whether departures have waited long enough.
    mutating func noteTime(_ now: NIODeadline) -> Bool {
        guard let settlesAt, settlesAt <= now else { return false }
        self.settlesAt = nil
        return true
    }
}
