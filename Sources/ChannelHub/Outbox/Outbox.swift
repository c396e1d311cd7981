package import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Sends the frames of one event loop: each frame is written once into an arena, sockets hold ranges of it, and one
/// pass at the end of the turn hands each socket its ranges with one `send(2)` straight from the arena.
///
/// A socket whose descriptor cannot be used (TLS) or does not take the bytes gets slices of the same arena through its
/// channel, and stays on that path until the channel has written all of them, so that no frame overtakes another.
///
/// Threading: one event loop only; the class is not `Sendable`. Cost: marking a socket is a few loads and stores, with
/// no allocation, reference counting or lock.
package final class Outbox {
    let eventLoop: any EventLoop
    private let limits: OutboxLimits
    var slots = UnsafeMutablePointer<OutboxSlot>.allocate(capacity: 0)
    // At most every slot is dirty, so this never grows on its own.
    var dirty = UnsafeMutablePointer<UInt32>.allocate(capacity: 0)
    var dirtyCount = 0
    private var slotCapacity = 0
    private var slotCount = 0
    private var freeSlots: [UInt32] = []
    private var sockets: ContiguousArray<(any OutboxSocket)?> = []
    private var arena = ByteBuffer()
    private var spareArena = ByteBuffer()
    private var spills: ContiguousArray<OutboxSpill> = []
    private var deferred: [DeferredWrite] = []
    private var isFlushing = false
    private var sharesSlices = true
    /// What happened since the last reading, for metrics.
    package private(set) var statistics = OutboxStatistics()

    /// The arena's size at which the owner should flush in the middle of a turn, so that a burst neither delays its
    /// first byte for long nor outgrows the cache.
    package static let flushThresholdBytes = 256 * 1024

    /// Makes an outbox for the sockets of one loop.
    package init(eventLoop: any EventLoop, limits: OutboxLimits) {
        self.eventLoop = eventLoop
        self.limits = limits
    }

    deinit {
        slots.deallocate()
        dirty.deallocate()
    }

    /// The arena is full enough to be flushed before more is added.
    package var isFull: Bool { arena.readableBytes >= Self.flushThresholdBytes }

    /// Frames wait for `flush()`.
    package var hasUnsentFrames: Bool { dirtyCount > 0 }

    // MARK: Sockets

    /// Takes a socket in; `descriptor` is -1 where all bytes must go through its channel.
    package func add(_ socket: any OutboxSocket, descriptor: Int32) -> UInt32 {
        eventLoop.assertInEventLoop()
        let index: UInt32
        if let free = freeSlots.popLast() {
            index = free
        } else {
            if slotCount == slotCapacity {
                growSlots()
            }
            index = UInt32(slotCount)
            slotCount += 1
            sockets.append(nil)
        }
        let generation = slots[Int(index)].generation
        slots[Int(index)] = OutboxSlot()
        slots[Int(index)].descriptor = descriptor
        slots[Int(index)].generation = generation &+ 1
        slots[Int(index)].isInUse = true
        sockets[Int(index)] = socket
        return index
    }

    /// Lets a socket go; what was due to it is forgotten.
    ///
    /// Call when its channel becomes inactive, in the same turn: afterwards the descriptor's number may be another's.
    package func remove(_ index: UInt32) {
        eventLoop.assertInEventLoop()
        let slot = slots + Int(index)
        slot.pointee.descriptor = -1
        slot.pointee.isInUse = false
        slot.pointee.start = 0
        slot.pointee.end = 0
        slot.pointee.firstSpill = -1
        sockets[Int(index)] = nil
        // A slot that stands in the dirty list is freed by the pass that takes it off.
        if !slot.pointee.isDirty {
            freeSlots.append(index)
        }
    }

    /// Keeps a socket on its channel's path until a write that its channel already has is done.
    package func hold(_ index: UInt32, until future: EventLoopFuture<Void>) {
        slots[Int(index)].pendingWrites &+= 1
        complete(index: index, generation: slots[Int(index)].generation, bytes: 0, frames: 0, when: future)
    }

    private func growSlots() {
        let capacity = max(64, slotCapacity * 2)
        let newSlots = UnsafeMutablePointer<OutboxSlot>.allocate(capacity: capacity)
        newSlots.moveInitialize(from: slots, count: slotCount)
        (newSlots + slotCount).initialize(repeating: OutboxSlot(), count: capacity - slotCount)
        slots.deallocate()
        slots = newSlots
        let newDirty = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        newDirty.moveInitialize(from: dirty, count: dirtyCount)
        dirty.deallocate()
        dirty = newDirty
        slotCapacity = capacity
    }

    // MARK: Frames

    /// Writes a finished frame, or several, into the arena.
    package func append(_ frames: ByteBuffer, count: Int = 1) -> FrameRange {
        let start = UInt32(arena.writerIndex)
        arena.writeImmutableBuffer(frames)
        return FrameRange(start: start, end: UInt32(arena.writerIndex), frames: UInt32(count))
    }

    /// Makes a range of the arena due to a socket.
    @inline(__always)
    package func mark(_ index: UInt32, _ range: FrameRange) {
        let slot = slots + Int(index)
        if slot.pointee.end == range.start, slot.pointee.isDirty, slot.pointee.firstSpill < 0 {
            slot.pointee.end = range.end
            slot.pointee.frames &+= range.frames
        } else if !slot.pointee.isDirty {
            slot.pointee.start = range.start
            slot.pointee.end = range.end
            slot.pointee.frames = range.frames
            slot.pointee.isDirty = true
            dirty[dirtyCount] = index
            dirtyCount &+= 1
        } else {
            spill(slot, range)
        }
    }

    private func spill(_ slot: UnsafeMutablePointer<OutboxSlot>, _ range: FrameRange) {
        guard slot.pointee.isInUse else { return }
        slot.pointee.frames &+= range.frames
        let last = Int(slot.pointee.lastSpill)
        if slot.pointee.firstSpill >= 0, spills[last].end == range.start {
            spills[last].end = range.end
            return
        }
        let index = Int32(spills.count)
        spills.append(OutboxSpill(start: range.start, end: range.end))
        if slot.pointee.firstSpill < 0 {
            slot.pointee.firstSpill = index
        } else {
            spills[last].next = index
        }
        slot.pointee.lastSpill = index
    }

    // MARK: Sending

    /// Sends everything that is due.
    ///
    /// Call at the end of a turn, never from a write's completion.
    package func flush() {
        eventLoop.assertInEventLoop()
        guard !isFlushing else { return }
        isFlushing = true
        // A write through a channel may close it and so make frames due to other sockets: those go in another round.
        while dirtyCount > 0 {
            sendDirectly()
            let sent = recycleArena()
            writeDeferred(from: sent)
        }
        isFlushing = false
    }

    private func sendDirectly() {
        arena.withUnsafeReadableBytes { bytes in
            for position in 0..<dirtyCount {
                let index = dirty[position]
                let slot = slots + Int(index)
                slot.pointee.isDirty = false
                guard slot.pointee.isInUse else {
                    freeSlots.append(index)
                    continue
                }
                transmit(slot, index: index, from: bytes)
            }
        }
        dirtyCount = 0
        spills.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private func transmit(
        _ slot: UnsafeMutablePointer<OutboxSlot>,
        index: UInt32,
        from bytes: UnsafeRawBufferPointer
    ) {
        guard slot.pointee.firstSpill < 0 else {
            transmitSpilled(slot, index: index, from: bytes)
            return
        }
        let start = Int(slot.pointee.start)
        let count = Int(slot.pointee.end) &- start
        guard slot.pointee.pendingWrites == 0, slot.pointee.descriptor >= 0 else {
            deferWrite(index, ranges: [start..<start + count])
            return
        }
        let sent = Self.transmitOnce(slot.pointee.descriptor, bytes.baseAddress.unsafelyUnwrapped + start, count)
        statistics.directSends &+= 1
        if sent < count {
            deferWrite(index, ranges: [start + max(sent, 0)..<start + count])
        }
    }

    private func transmitSpilled(
        _ slot: UnsafeMutablePointer<OutboxSlot>,
        index: UInt32,
        from bytes: UnsafeRawBufferPointer
    ) {
        var ranges = [Int(slot.pointee.start)..<Int(slot.pointee.end)]
        var next = slot.pointee.firstSpill
        while next >= 0 {
            let spill = spills[Int(next)]
            ranges.append(Int(spill.start)..<Int(spill.end))
            next = spill.next
        }
        slot.pointee.firstSpill = -1
        slot.pointee.lastSpill = -1
        guard slot.pointee.pendingWrites == 0, slot.pointee.descriptor >= 0 else {
            deferWrite(index, ranges: ranges)
            return
        }
        let rest = VectoredSend.send(slot.pointee.descriptor, ranges: ranges, of: bytes)
        statistics.directSends &+= 1
        if !rest.isEmpty {
            deferWrite(index, ranges: rest)
        }
    }

    private static func transmitOnce(_ descriptor: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
        while true {
            let sent = send(descriptor, start, count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            if sent >= 0 || errno != EINTR { return sent }
        }
    }

    /// Takes the arena that is being sent out of use, so that frames which come up meanwhile do not touch it.
    private func recycleArena() -> ByteBuffer {
        let sent = arena
        if deferred.isEmpty {
            swap(&arena, &spareArena)
        } else {
            // Slices of it will live on in channels: a fresh arena grows to what its turn needs, so that no slice
            // pins the memory of the largest burst there ever was.
            arena = ByteBuffer()
        }
        arena.clear()
        return sent
    }

    // MARK: The channel's path

    private struct DeferredWrite {
        var index: UInt32
        var generation: UInt32
        var ranges: [Range<Int>]
    }

    private func deferWrite(_ index: UInt32, ranges: [Range<Int>]) {
        deferred.append(DeferredWrite(index: index, generation: slots[Int(index)].generation, ranges: ranges))
    }

    private func writeDeferred(from sent: ByteBuffer) {
        guard !deferred.isEmpty else { return }
        let writes = deferred
        deferred.removeAll(keepingCapacity: true)
        let due = writes.reduce(0) { $0 + $1.ranges.reduce(0) { $0 + $1.count } }
        // Many slow sockets share one arena; a few short ranges are copied, so as not to hold a large arena for them.
        sharesSlices = due * 2 > sent.readableBytes
        for write in writes {
            let slot = slots + Int(write.index)
            guard slot.pointee.isInUse, slot.pointee.generation == write.generation else { continue }
            writeThroughChannel(write, of: sent)
        }
    }

    private func writeThroughChannel(_ write: DeferredWrite, of sent: ByteBuffer) {
        let slot = slots + Int(write.index)
        let bytes = write.ranges.reduce(0) { $0 + $1.count }
        let frames = slot.pointee.frames
        guard !slot.pointee.isCondemned, let socket = sockets[Int(write.index)] else { return }
        guard limits.allow(slot.pointee, addingFrames: frames, bytes: bytes) else {
            refuse(slot, socket: socket, frames: frames)
            return
        }
        slot.pointee.pendingFrames &+= frames
        slot.pointee.pendingBytes &+= bytes
        statistics.channelWrites &+= 1
        for (position, range) in write.ranges.enumerated() {
            guard var slice = sent.getSlice(at: range.lowerBound, length: range.count) else {
                preconditionFailure("a range outside of the arena")
            }
            if !sharesSlices {
                slice = ByteBuffer(bytes: slice.readableBytesView)
            }
            slots[Int(write.index)].pendingWrites &+= 1
            let isLast = position == write.ranges.count - 1
            let promise = eventLoop.makePromise(of: Void.self)
            complete(
                index: write.index,
                generation: write.generation,
                bytes: range.count,
                frames: isLast ? frames : 0,
                when: promise.futureResult
            )
            socket.writeThroughChannel(slice, promise: promise)
        }
    }

    private func complete(
        index: UInt32,
        generation: UInt32,
        bytes: Int,
        frames: UInt32,
        when future: EventLoopFuture<Void>
    ) {
        future.assumeIsolated().whenComplete { [self] _ in
            let slot = slots + Int(index)
            guard slot.pointee.isInUse, slot.pointee.generation == generation else { return }
            slot.pointee.pendingWrites &-= 1
            slot.pointee.pendingFrames &-= frames
            slot.pointee.pendingBytes &-= bytes
        }
    }

    private func refuse(_ slot: UnsafeMutablePointer<OutboxSlot>, socket: any OutboxSocket, frames: UInt32) {
        statistics.droppedFrames &+= Int(frames)
        socket.didDrop(frames: Int(frames))
        guard limits.disconnects else { return }
        slot.pointee.isCondemned = true
        // The channel's last words may still wait when all counted writes are done: nothing may go past them.
        slot.pointee.descriptor = -1
        statistics.slowConsumers &+= 1
        socket.closeSlowConsumer()
    }

    /// Reads the statistics and starts them anew.
    package func takeStatistics() -> OutboxStatistics {
        defer { statistics = OutboxStatistics() }
        return statistics
    }
}
