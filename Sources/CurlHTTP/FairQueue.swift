import DequeModule

/// First-in-first-out queues by key that take turns, each with at most so many elements out at once.
///
/// Operations are O(1) unless they say otherwise. A key without waiting elements and without elements out takes no memory.
package struct FairQueue<Key: Hashable, Element> {
    fileprivate struct Lane {
        var waiting: Deque<Element> = []
        var out = 0
        var isReady = false
    }

    private var lanes: [Key: Lane] = [:]
    /// The lanes that have something waiting and room for it, each once.
    private var ready: Deque<Key> = []
    private let maxOutPerKey: Int

    /// Elements that wait.
    package private(set) var waitingCount = 0
    /// Elements that were taken out and not yet finished.
    package private(set) var outCount = 0

    /// Makes an empty queue.
    package init(maxOutPerKey: Int) {
        self.maxOutPerKey = maxOutPerKey
    }

    /// Elements of one key that wait.
    package func waitingCount(of key: Key) -> Int {
        lanes[key]?.waiting.count ?? 0
    }

    /// Appends an element to its key's lane.
    package mutating func append(_ element: Element, for key: Key) {
        lanes[key, default: Lane()].waiting.append(element)
        waitingCount += 1
        markReady(key)
    }

    /// Takes the first element of the next allowed lane whose turn it is; call `finish` for it later.
    ///
    /// O(lanes that are passed over).
    package mutating func next(where isAllowed: (Key) -> Bool = { _ in true }) -> Element? {
        for _ in 0..<ready.count {
            guard let key = ready.popFirst() else { return nil }
            guard isAllowed(key) else {
                ready.append(key)
                continue
            }
            lanes[key]?.isReady = false
            guard let element = lanes[key]?.waiting.popFirst() else { continue }
            lanes[key]?.out += 1
            waitingCount -= 1
            outCount += 1
            markReady(key)
            return element
        }
        return nil
    }

    /// Gives the place of a taken element free.
    package mutating func finish(_ key: Key) {
        guard lanes[key] != nil else { return }
        lanes[key]?.out -= 1
        outCount -= 1
        markReady(key)
        removeIfUnused(key)
    }

    /// Removes all waiting elements that satisfy the predicate; O(waiting).
    package mutating func removeWaiting(where predicate: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        for key in Array(lanes.keys) {
            guard var lane = lanes[key] else { continue }
            let matches = lane.waiting.filter(predicate)
            guard !matches.isEmpty else { continue }
            lane.waiting.removeAll(where: predicate)
            removed.append(contentsOf: matches)
            lanes[key] = lane
            if lane.waiting.isEmpty, lane.isReady {
                lanes[key]?.isReady = false
                ready.removeAll { $0 == key }
            }
            removeIfUnused(key)
        }
        waitingCount -= removed.count
        return removed
    }

    /// Removes the waiting elements of one key; O(ready keys).
    package mutating func removeWaiting(of key: Key) -> [Element] {
        guard let removed = lanes[key]?.waiting, !removed.isEmpty else { return [] }
        lanes[key]?.waiting = []
        if lanes[key]?.isReady == true {
            lanes[key]?.isReady = false
            ready.removeAll { $0 == key }
        }
        removeIfUnused(key)
        waitingCount -= removed.count
        return Array(removed)
    }

    private mutating func markReady(_ key: Key) {
        guard let lane = lanes[key], !lane.isReady, !lane.waiting.isEmpty, lane.out < maxOutPerKey else { return }
        lanes[key]?.isReady = true
        ready.append(key)
    }

    private mutating func removeIfUnused(_ key: Key) {
        if let lane = lanes[key], lane.waiting.isEmpty, lane.out == 0 {
            lanes[key] = nil
        }
    }
}

extension FairQueue: Sendable where Key: Sendable, Element: Sendable {}

extension FairQueue.Lane: Sendable where Key: Sendable, Element: Sendable {}
