/// How much may wait for a socket that does not keep up, and what happens beyond.
package struct OutboxLimits: Sendable, Equatable {
    /// Frames; 0 is unlimited.
    package var maxFrames: Int
    /// Bytes; 0 is unlimited.
    package var maxBytes: Int
    /// Closes the connection instead of dropping what does not fit.
    package var disconnects: Bool

    /// Makes limits.
    package init(maxFrames: Int, maxBytes: Int, disconnects: Bool) {
        self.maxFrames = maxFrames
        self.maxBytes = maxBytes
        self.disconnects = disconnects
    }

    func allow(_ slot: OutboxSlot, addingFrames frames: UInt32, bytes: Int) -> Bool {
        // A socket with nothing pending takes any one write, so that a frame larger than the budget can be sent.
        guard slot.pendingWrites > 0 else { return true }
        if maxFrames > 0, Int(slot.pendingFrames) + Int(frames) > maxFrames { return false }
        if maxBytes > 0, slot.pendingBytes + bytes > maxBytes { return false }
        return true
    }
}
