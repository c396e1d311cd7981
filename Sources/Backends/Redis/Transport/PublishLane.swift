import DequeModule
import NIOCore

/// The messages of one slot on their way, in order.
///
/// A message that failed goes before those that came after it, once nothing of the lane is under way any more; one whose
/// topic has delivered a later one meanwhile is given up, since it would come out of order. A retained message is under
/// way alone, because its script may be refused where plain messages are not.
///
/// Threading: the transport's loop.
final class PublishLane {
    let slot: Int
    private(set) var queue: Deque<TransportEntry> = []
    private(set) var inFlight = 0
    private(set) var failed: [TransportEntry] = []
    /// Where the messages under way are.
    private var place: TransportPlace?
    private var hasRetainedInFlight = false
    /// It is looked at at the end of this turn of the loop.
    var isReady = false
    /// Nothing is sent before the server has shown that it serves the slot.
    var needsProbe = false
    /// Subscribers may have been away as well: nothing is sent for a while after the slot is served again.
    var needsSettling = false
    var isProbing = false
    var quietUntil = NIODeadline.now()
    var failures = 0
    /// The time for the next look, while the lane waits for something.
    var timer: Scheduled<Void>?

    init(slot: Int) {
        self.slot = slot
    }

    var isEmpty: Bool { queue.isEmpty && failed.isEmpty && inFlight == 0 }

    func append(_ entry: TransportEntry) {
        queue.append(entry)
    }

    /// Takes out the next message if it may go to a place now.
    func next(for place: TransportPlace) -> TransportEntry? {
        guard let first = queue.first, failed.isEmpty, !hasRetainedInFlight else { return nil }
        if inFlight > 0 { guard self.place == place, first.retention == nil else { return nil } }
        self.place = place
        inFlight += 1
        hasRetainedInFlight = first.retention != nil
        return queue.removeFirst()
    }

    /// A message was done; returns how many of its topic can no more be sent in order.
    func succeeded(_ entry: TransportEntry) -> [TransportEntry] {
        landed()
        let late = failed.filter { $0.tag == entry.tag }
        failed.removeAll { $0.tag == entry.tag }
        return late
    }

    /// A message was not done and is to be sent again.
    func failed(_ entry: TransportEntry) {
        landed()
        failed.append(entry)
    }

    /// A message left the lane otherwise.
    func landed() {
        inFlight -= 1
        hasRetainedInFlight = false
    }

    /// Puts what failed before what waits, once nothing is under way.
    func recover() {
        guard inFlight == 0, !failed.isEmpty else { return }
        queue.prepend(contentsOf: failed)
        failed = []
    }

    /// Takes out what has waited for too long.
    func expired(at now: NIODeadline) -> [TransportEntry] {
        var expired: [TransportEntry] = []
        while let first = queue.first, first.deadline <= now {
            expired.append(queue.removeFirst())
        }
        return expired
    }

    /// Takes out everything that waits.
    func drain() -> [TransportEntry] {
        defer {
            queue = []
            failed = []
        }
        return failed + queue
    }
}
