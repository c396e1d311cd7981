/// A dictionary that knows the order in which its entries were last used, for bounded caches.
///
/// Each operation takes constant time. The owner bounds it: insert, then remove the oldest while there are too many.
/// What is on hot paths is inlined by force: left to itself, the compiler calls the unspecialized generic form.
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
        /// Both are `nil` in an empty slot; apart, because optional pairs are slow in generic code.
        @usableFromInline var key: Key?
        @usableFromInline var value: Value?
        @usableFromInline var newer: Int?
        @usableFromInline var older: Int?

        @inlinable
        init(key: Key, value: Value) {
            self.key = key
            self.value = value
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
    @inlinable @inline(__always)
    package func peek(_ key: Key) -> Value? {
        guard let position = positions[key] else { return nil }
        return slots[position].value
    }

    /// Changes a value in place and makes it the newest; without an entry, does nothing and returns `nil`.
    @inlinable @inline(__always)
    package mutating func update<Result>(_ key: Key, _ change: (inout Value) -> Result) -> Result? {
        guard let position = positions[key] else { return nil }
        makeNewest(position)
        // Taken out meanwhile, so that the change finds the value's storage unshared and copies nothing.
        guard var value = slots[position].value.take() else { return nil }
        defer { slots[position].value = value }
        return change(&value)
    }

    /// Adds or replaces an entry, makes it the newest and returns the value that it replaces.
    @inlinable @inline(__always)
    @discardableResult
    package mutating func insert(_ value: Value, for key: Key) -> Value? {
        if let position = positions[key] {
            let replaced = slots[position].value
            slots[position].value = value
            makeNewest(position)
            return replaced
        }
        let position = takeSlot(key, value)
        positions[key] = position
        linkNewest(position)
        return nil
    }

    /// Removes an entry and returns its value.
    @inlinable @inline(__always)
    @discardableResult
    package mutating func remove(_ key: Key) -> Value? {
        guard let position = positions.removeValue(forKey: key) else { return nil }
        let value = slots[position].value.take()
        unlink(position)
        slots[position].key = nil
        slots[position].older = firstFree
        firstFree = position
        return value
    }

    /// Removes the entry that was not used for the longest time.
    @inlinable
    package mutating func removeOldest() -> (key: Key, value: Value)? {
        guard let oldest, let key = slots[oldest].key, let value = remove(key) else { return nil }
        return (key, value)
    }

    /// Looks at the next few slots in turn, removes the entries that are due and returns them.
    ///
    /// Calling this with every operation visits all entries again and again, in constant time a call.
    @inlinable @inline(__always)
    package mutating func sweep(_ count: Int, where isDue: (Value) -> Bool) -> [(key: Key, value: Value)] {
        var removed: [(key: Key, value: Value)] = []
        for _ in 0..<min(count, slots.count) {
            sweepPosition = sweepPosition + 1 < slots.count ? sweepPosition + 1 : 0
            guard let value = slots[sweepPosition].value, isDue(value), let key = slots[sweepPosition].key
            else { continue }
            remove(key)
            removed.append((key, value))
        }
        return removed
    }
}

extension RecencyTable {
    @inlinable
    mutating func takeSlot(_ key: Key, _ value: Value) -> Int {
        guard let position = firstFree else {
            slots.append(Slot(key: key, value: value))
            return slots.count - 1
        }
        firstFree = slots[position].older
        slots[position] = Slot(key: key, value: value)
        return position
    }

    @inlinable @inline(__always)
    mutating func makeNewest(_ position: Int) {
        guard newest != position else { return }
        unlink(position)
        linkNewest(position)
    }

    @inlinable @inline(__always)
    mutating func linkNewest(_ position: Int) {
        slots[position].older = newest
        slots[position].newer = nil
        if let newest { slots[newest].newer = position }
        newest = position
        if oldest == nil { oldest = position }
    }

    @inlinable @inline(__always)
    mutating func unlink(_ position: Int) {
        let newer = slots[position].newer
        let older = slots[position].older
        if let newer { slots[newer].older = older } else { newest = older }
        if let older { slots[older].newer = newer } else { oldest = newer }
    }
}

extension RecencyTable: Sendable where Key: Sendable, Value: Sendable {}
extension RecencyTable.Slot: Sendable where Key: Sendable, Value: Sendable {}
