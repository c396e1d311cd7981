/// Which master serves which slots of a cluster, as one of its nodes saw it.
struct ClusterTopology: Sendable, Equatable {
    /// The masters with slots.
    private(set) var masters: [RedisAddress] = []
    /// For each slot the index of its master, or -1.
    private var owners = [Int16](repeating: -1, count: HashSlot.count)

    /// A topology in which no slot is served.
    static let empty = ClusterTopology()

    /// The master of a slot.
    func master(of slot: Int) -> RedisAddress? {
        let index = Int(owners[slot])
        return index < 0 ? nil : masters[index]
    }

    /// Puts slots under a master.
    mutating func assign(_ slots: ClosedRange<Int>, to master: RedisAddress) {
        let index = masters.firstIndex(of: master) ?? masters.count
        if index == masters.count {
            guard masters.count < Int(Int16.max) else { return }
            masters.append(master)
        }
        for slot in slots.clamped(to: 0...HashSlot.count - 1) {
            owners[slot] = Int16(index)
        }
    }
}
