/// A dictionary that knows the order in which its entries were last used, for bounded caches.
///
/// Each operation takes constant time. The owner bounds it: insert, then remove the oldest while there are too many.
package struct RecencyTable<Key: Hashable, Value> {
    @usableFromInline var positions: [Key: Int] = [:]
    @usableFromInline var slots: [Slot] = []
    @usableFromInline var newest: Int?
    @usableFromInline var oldest: Int?
    /// The first of the empty slots; each names the next in `older`.
    @usableFromInline var firstFree: Int?
    @usableFromInline var sweepPosition = 0

    /// A place for one entry, linked to its neighbours in time.
    @usableFromInline
    struct Slot {
        @usableFromInline var entry: (key: Key, value: Value)?
        @usableFromInline var newer: Int?
        @usableFromInline var older: Int?

        @inlinable
        init(entry: (key: Key, value: Value)) {
            self.entry = entry
        }
    }

    /// Makes an empty table.
    @inlinable
    package init() {}

    /// The number of entries.
    @inlinable
    package var count: Int {
        positions.count
    }

    /// Reads a value and leaves the order as it is.
    @inlinable
    package func peek(_ key: Key) -> Value? {
        positions[key].flatMap { slots[$0].entry?.value }
    }

    /// Changes a value in place and makes it the newest; without an entry, does nothing and returns `nil`.
    @inlinable
    package mutating func update<Result>(_ key: Key, _ change: (inout Value) -> Result) -> Result? {
        guard let position = positions[key] else { return nil }
        makeNewest(position)
        // Taken out meanwhile, so that the change finds the value's storage unshared and copies nothing.
        guard var entry = slots[position].entry.take() else { return nil }
        defer { slots[position].entry = entry }
        return change(&entry.value)
    }

    /// Adds or replaces an entry, makes it the newest and returns the value that it replaces.
    @inlinable
    @discardableResult
    package mutating func insert(_ value: Value, for key: Key) -> Value? {
        if let position = positions[key] {
            let replaced = slots[position].entry?.value
            slots[position].entry?.value = value
            makeNewest(position)
            return replaced
        }
        let position = takeSlot(for: (key, value))
        positions[key] = position
        linkNewest(position)
        return nil
    }

    /// Removes an entry and returns its value.
    @inlinable
    @discardableResult
    package mutating func remove(_ key: Key) -> Value? {
        guard let position = positions.removeValue(forKey: key) else { return nil }
        let value = slots[position].entry?.value
        unlink(position)
        slots[position].entry = nil
        slots[position].older = firstFree
        firstFree = position
        return value
    }

    /// Removes the entry that was not used for the longest time.
    @inlinable
    package mutating func removeOldest() -> (key: Key, value: Value)? {
        guard let entry = oldest.flatMap({ slots[$0].entry }) else { return nil }
        remove(entry.key)
        return entry
    }

    /// Looks at the next few slots in turn, removes the entries that are due and returns them.
    ///
    /// Calling this with every operation visits all entries again and again, in constant time a call.
    @inlinable
    package mutating func sweep(_ count: Int, where isDue: (Value) -> Bool) -> [(key: Key, value: Value)] {
        var removed: [(key: Key, value: Value)] = []
        for _ in 0..<min(count, slots.count) {
            sweepPosition = sweepPosition + 1 < slots.count ? sweepPosition + 1 : 0
            guard let entry = slots[sweepPosition].entry, isDue(entry.value) else { continue }
            remove(entry.key)
            removed.append(entry)
        }
        return removed
    }
}

extension RecencyTable {
    @inlinable
    mutating func takeSlot(for entry: (key: Key, value: Value)) -> Int {
        guard let position = firstFree else {
            slots.append(Slot(entry: entry))
            return slots.count - 1
        }
        firstFree = slots[position].older
        slots[position] = Slot(entry: entry)
        return position
    }

    @inlinable
    mutating func makeNewest(_ position: Int) {
        guard newest != position else { return }
        unlink(position)
        linkNewest(position)
    }

    @inlinable
    mutating func linkNewest(_ position: Int) {
        slots[position].older = newest
        slots[position].newer = nil
        if let newest { slots[newest].newer = position }
        newest = position
        if oldest == nil { oldest = position }
    }

    @inlinable
    mutating func unlink(_ position: Int) {
        let newer = slots[position].newer
        let older = slots[position].older
        if let newer { slots[newer].older = older } else { newest = older }
        if let older { slots[older].newer = newer } else { oldest = newer }
    }
}

extension RecencyTable: Sendable where Key: Sendable, Value: Sendable {}
extension RecencyTable.Slot: Sendable where Key: Sendable, Value: Sendable {}
