/// What the outbox knows of one socket, kept in a dense table so that a delivery touches one cache line and no object.
struct OutboxSlot {
    /// The bytes of the arena that are due, and the frames among them; equal offsets mean none.
    var start: UInt32 = 0
    var end: UInt32 = 0
    /// The first and last of the ranges that did not adjoin, as indexes into the spills; -1 is none.
    var firstSpill: Int32 = -1
    var lastSpill: Int32 = -1
    var frames: UInt32 = 0
    /// The descriptor for direct sends, or -1 where all bytes go through the channel.
    var descriptor: Int32 = -1
    /// Writes that the channel has not finished.
    ///
    /// A counter, because with a flag the first of two completed writes would open the direct path while the second
    /// still waits, and later frames would overtake it.
    var pendingWrites: UInt32 = 0
    var pendingFrames: UInt32 = 0
    var pendingBytes: Int = 0
    /// Tells a socket from the one that had the slot before it.
    var generation: UInt32 = 0
    var isInUse = false
    var isDirty = false
    /// The socket is over its budget and on its way out; nothing more is queued for it.
    var isCondemned = false
}

/// A range of the arena that is due to a socket and does not adjoin the range before it.
struct OutboxSpill {
    var start: UInt32
    var end: UInt32
    /// The next range of the same socket; -1 is none.
    var next: Int32 = -1
}

/// Bytes of the arena.
package struct FrameRange {
    var start: UInt32
    var end: UInt32
    var frames: UInt32
}
