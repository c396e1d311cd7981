/// One connection of the floor, in a dense table.
struct FloorSlot {
    var descriptor: Int32 = -1
    /// The bytes of the arena that are due; equal offsets mean none.
    var start = 0
    var end = 0
    var isDirty = false
    /// What the socket did not take waits in the server's table of rests.
    var hasRest = false
    var isSubscriber = false
}
