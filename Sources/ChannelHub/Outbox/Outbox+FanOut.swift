extension Outbox {
    /// Makes a range due to every subscriber but one.
    ///
    /// Cost: O(subscribers), a few loads and stores each.
    func mark(_ entries: ContiguousArray<SubscriberEntry>, _ range: FrameRange, except: UInt32) {
        entries.withUnsafeBufferPointer { entries in
            for entry in entries where entry.slot != except {
                mark(entry.slot, range)
            }
        }
    }
}
