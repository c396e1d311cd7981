import NIOCore
import PusherProtocol
import Synchronization

/// A part of the directory under one mutex.
final class DirectoryStripe: Sendable {
    struct State {
        /// App number → channel name → channel; by app, so that a listing reads only its own.
        var channels: [UInt32: [String: ChannelEntry]] = [:]
        var timers = StripeTimers()
    }

    let state = Mutex(State())
}

/// What the channels of a stripe wait for.
struct StripeTimers {
    var grace = DeadlineQueue<ChannelTimer>()
    var linger = DeadlineQueue<ChannelTimer>()
    var counts = DeadlineQueue<ChannelKey>()
    var caches = DeadlineQueue<ChannelKey>()
    /// What a cluster may learn a little later, tells late, and lets go of.
    var reports = DeadlineQueue<ChannelKey>()
    var settlings = DeadlineQueue<ChannelKey>()
    var releases = DeadlineQueue<ChannelKey>()
    private(set) var lastTicket: UInt64 = 0

    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }
}

extension DirectoryStripe.State {
    func contains(_ key: ChannelKey) -> Bool {
        channels[key.app]?[key.name] != nil
    }

    func entry(_ key: ChannelKey) -> ChannelEntry? {
        channels[key.app]?[key.name]
    }

    /// Changes a channel in place, made if need be, and forgets it when nothing is left to remember.
    mutating func withEntry<Result, Failure: Error>(
        _ key: ChannelKey,
        kind: ChannelKind,
        _ change: (inout ChannelEntry, inout StripeTimers) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { forgetIfDisposable(key) }
        let fresh = ChannelEntry(kind: kind, version: timers.lastTicket)
        return try change(&channels[key.app, default: [:]][key.name, default: fresh], &timers)
    }

    /// Ends a channel's cached value if its time is over, or sets the timer of the value that replaced it.
    mutating func endCache(of key: ChannelKey, now: NIODeadline) {
        guard let cached = channels[key.app]?[key.name]?.cached else { return }
        if cached.expiresAt > now {
            timers.caches.append(key, deadline: cached.expiresAt)
        } else {
            dropCache(of: key)
        }
    }

    /// Forgets the values that end soonest until there are at most so many.
    mutating func limitCaches(to limit: Int) {
        while timers.caches.count > limit, let (deadline, key) = timers.caches.popFirst() {
            if let cached = channels[key.app]?[key.name]?.cached, cached.expiresAt > deadline {
                // Renewed since the timer was set: its turn comes again at its new place.
                timers.caches.append(key, deadline: cached.expiresAt)
            } else {
                dropCache(of: key)
            }
        }
    }

    /// Forgets a channel's cached value.
    mutating func dropCache(of key: ChannelKey) {
        channels[key.app]?[key.name]?.cached = nil
        forgetIfDisposable(key)
    }

    private mutating func forgetIfDisposable(_ key: ChannelKey) {
        guard let entry = channels[key.app]?[key.name], entry.isDisposable else { return }
        channels[key.app]?[key.name] = nil
        if channels[key.app]?.isEmpty == true {
            // With its table, which has the size of the most channels that there ever were.
            channels[key.app] = nil
        }
    }
}
