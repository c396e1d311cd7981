/// One connection of the load, in a dense table.
struct LoadSocket {
    var descriptor: Int32 = -1
    var phase = Phase.closed
    var walker = FrameWalker()
    /// How much of the handshake's closing CR LF CR LF has been seen.
    var headEnd: UInt8 = 0

    /// How far a connection has come.
    enum Phase: UInt8 {
        case upgrading
        case establishing
        case subscribing
        case ready
        /// Not read any more, on purpose.
        case paused
        case closed
    }
}
