import DequeModule
import NIOCore

/// Deadlines that all lie equally far ahead when they are set, and so are due in the order in which they were set.
///
/// One that is set again for an earlier time than that rings late, by its place in the queue.
struct DeadlineQueue<Element> {
    private var elements: Deque<(deadline: NIODeadline, element: Element)> = []

    var count: Int { elements.count }

    mutating func append(_ element: Element, deadline: NIODeadline) {
        elements.append((deadline, element))
    }

    mutating func popFirst(dueAt now: NIODeadline) -> Element? {
        guard let first = elements.first, first.deadline <= now else { return nil }
        return elements.removeFirst().element
    }

    mutating func popFirst() -> (deadline: NIODeadline, element: Element)? {
        elements.popFirst()
    }
}

/// Something that a channel waits for.
struct ChannelTimer {
    var channel: ChannelKey
    var ticket: UInt64
    var kind: Kind

    enum Kind {
        case vacated
        case memberRemoved(userID: String)
        /// A member whose connection broke is given up.
        case lingerEnds(userID: String)
    }
}
