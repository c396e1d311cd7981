import NIOCore
import NIOEmbedded
import Testing

@testable import ChannelHub

/// Checks the outbox step by step, on an event loop that stands still between the steps.
@Suite struct OutboxTests {
    private let eventLoop = EmbeddedEventLoop()
    private static let unlimited = OutboxLimits(maxFrames: 0, maxBytes: 0, disconnects: true)

    private func outbox(_ limits: OutboxLimits = unlimited) -> Outbox {
        Outbox(eventLoop: eventLoop, limits: limits)
    }

    private func frame(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test("frames of one turn leave in one direct send, in order")
    func mergesFrames() throws {
        let pair = try SocketPair(bufferBytes: 1 << 16)
        defer { pair.close() }
        let outbox = outbox()
        let socket = QueueingSocket(descriptor: pair.server)
        let slot = outbox.add(socket, descriptor: pair.server)
        for text in ["a", "bb", "ccc"] {
            outbox.mark(slot, outbox.append(frame(text)))
        }
        #expect(outbox.hasUnsentFrames)
        outbox.flush()
        #expect(!outbox.hasUnsentFrames)
        #expect(pair.read(max: 100) == Array("abbccc".utf8))
        #expect(socket.writes.isEmpty)
        #expect(outbox.takeStatistics() == OutboxStatistics(directSends: 1))
    }

    @Test("frames that do not adjoin leave in one vectored send, in order, also more than fit one")
    func spillsRanges() throws {
        let pair = try SocketPair(bufferBytes: 1 << 16)
        defer { pair.close() }
        let outbox = outbox()
        let socket = QueueingSocket(descriptor: pair.server)
        let slot = outbox.add(socket, descriptor: pair.server)
        var expected = ""
        for index in 0..<200 {
            let text = "<\(index)>"
            expected += text
            outbox.mark(slot, outbox.append(frame(text)))
            if index % 3 != 0 {
                _ = outbox.append(frame("for somebody else"))
            }
        }
        outbox.flush()
        #expect(String(decoding: pair.read(max: 10_000), as: UTF8.self) == expected)
        outbox.mark(slot, outbox.append(frame("next turn")))
        outbox.flush()
        #expect(String(decoding: pair.read(max: 10_000), as: UTF8.self) == "next turn")
    }

    @Test("the same range may be due to a socket twice")
    func repeatsRanges() throws {
        let pair = try SocketPair()
        defer { pair.close() }
        let outbox = outbox()
        let slot = outbox.add(QueueingSocket(descriptor: pair.server), descriptor: pair.server)
        let range = outbox.append(frame("ab"))
        outbox.mark(slot, range)
        outbox.mark(slot, range)
        outbox.mark(slot, range)
        outbox.flush()
        #expect(pair.read(max: 100) == Array("ababab".utf8))
    }

    @Test("a socket without a descriptor gets everything through its channel")
    func writesThroughChannel() {
        let outbox = outbox()
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: -1)
        outbox.mark(slot, outbox.append(frame("a")))
        outbox.flush()
        outbox.mark(slot, outbox.append(frame("b")))
        outbox.flush()
        #expect(socket.written == Array("ab".utf8))
        #expect(outbox.takeStatistics() == OutboxStatistics(channelWrites: 2))
    }

    @Test("a socket stays on its channel's path until every write is done, not only the first")
    func countsWrites() throws {
        let pair = try SocketPair()
        defer { pair.close() }
        let outbox = outbox()
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: pair.server)
        let opening = eventLoop.makePromise(of: Void.self)
        outbox.hold(slot, until: opening.futureResult)
        for text in ["a", "b"] {
            outbox.mark(slot, outbox.append(frame(text)))
            outbox.flush()
        }
        opening.succeed()
        socket.complete(1)
        outbox.mark(slot, outbox.append(frame("c")))
        outbox.flush()
        #expect(socket.written == Array("abc".utf8))
        #expect(pair.read(max: 10).isEmpty)
        socket.complete()
        outbox.mark(slot, outbox.append(frame("d")))
        outbox.flush()
        #expect(pair.read(max: 10) == Array("d".utf8))
    }

    @Test(
        "nothing is sent directly before the opening is written, whether it succeeds or fails",
        arguments: [true, false]
    )
    func holds(_ succeeds: Bool) throws {
        let pair = try SocketPair()
        defer { pair.close() }
        let outbox = outbox()
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: pair.server)
        let opening = eventLoop.makePromise(of: Void.self)
        outbox.hold(slot, until: opening.futureResult)
        outbox.mark(slot, outbox.append(frame("a")))
        outbox.flush()
        #expect(pair.read(max: 10).isEmpty && socket.written == Array("a".utf8))
        socket.complete()
        if succeeds { opening.succeed() } else { opening.fail(ChannelError.eof) }
        outbox.mark(slot, outbox.append(frame("b")))
        outbox.flush()
        #expect(pair.read(max: 10) == Array("b".utf8))
    }

    @Test("completions of a socket that is gone do not count for the next one in its slot")
    func ignoresStaleCompletions() throws {
        let pair = try SocketPair()
        defer { pair.close() }
        let outbox = outbox()
        let old = QueueingSocket(descriptor: nil)
        let slot = outbox.add(old, descriptor: -1)
        outbox.mark(slot, outbox.append(frame("old")))
        outbox.flush()
        outbox.remove(slot)
        let new = QueueingSocket(descriptor: nil)
        #expect(outbox.add(new, descriptor: pair.server) == slot)
        let opening = eventLoop.makePromise(of: Void.self)
        outbox.hold(slot, until: opening.futureResult)
        old.fail()
        outbox.mark(slot, outbox.append(frame("new")))
        outbox.flush()
        #expect(new.written == Array("new".utf8))
        #expect(pair.read(max: 10).isEmpty)
        opening.succeed()
        new.complete()
    }

    @Test("what was due to a socket that went before the flush reaches neither it nor its successor")
    func forgetsRemoved() throws {
        let pairs = try [SocketPair(), SocketPair()]
        defer { for pair in pairs { pair.close() } }
        let outbox = outbox()
        let slot = outbox.add(QueueingSocket(descriptor: pairs[0].server), descriptor: pairs[0].server)
        outbox.mark(slot, outbox.append(frame("old")))
        _ = outbox.append(frame("gap"))
        outbox.mark(slot, outbox.append(frame("older")))
        outbox.remove(slot)
        let next = outbox.add(QueueingSocket(descriptor: pairs[1].server), descriptor: pairs[1].server)
        outbox.mark(next, outbox.append(frame("new")))
        outbox.flush()
        #expect(pairs[0].read(max: 100).isEmpty)
        #expect(pairs[1].read(max: 100) == Array("new".utf8))
        let reused = outbox.add(QueueingSocket(descriptor: nil), descriptor: -1)
        #expect(reused == slot)
    }

    @Test("a socket that closes in the middle of a write is let go without harm")
    func survivesCloseDuringWrite() {
        let outbox = outbox()
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: -1)
        let other = QueueingSocket(descriptor: nil)
        let otherSlot = outbox.add(other, descriptor: -1)
        socket.onWrite = {
            socket.onWrite = nil
            outbox.remove(slot)
            outbox.mark(otherSlot, outbox.append(self.frame("bye")))
        }
        outbox.mark(slot, outbox.append(frame("a")))
        _ = outbox.append(frame("x"))
        outbox.mark(slot, outbox.append(frame("b")))
        outbox.mark(otherSlot, outbox.append(frame("c")))
        outbox.flush()
        #expect(other.written == Array("cbye".utf8))
        socket.fail()
    }

    @Test("beyond the budget a socket is closed once, and nothing is sent to it any more on any path")
    func disconnectsSlowConsumers() throws {
        let pair = try SocketPair()
        defer { pair.close() }
        let outbox = outbox(OutboxLimits(maxFrames: 3, maxBytes: 0, disconnects: true))
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: pair.server)
        outbox.hold(slot, until: eventLoop.makeSucceededVoidFuture())
        let opening = eventLoop.makePromise(of: Void.self)
        outbox.hold(slot, until: opening.futureResult)
        for _ in 0..<5 {
            outbox.mark(slot, outbox.append(frame("x")))
            outbox.flush()
        }
        #expect(socket.slowConsumerCloses == 1)
        #expect(socket.written == Array("xxx".utf8))
        let statistics = outbox.takeStatistics()
        #expect(statistics.slowConsumers == 1)
        #expect(statistics.droppedFrames >= 1)
        opening.succeed()
        socket.complete()
        outbox.mark(slot, outbox.append(frame("late")))
        outbox.flush()
        #expect(pair.read(max: 100).isEmpty)
        #expect(socket.written == Array("xxx".utf8))
    }

    @Test("where it drops instead, a socket gets whole turns or nothing of them, and goes on once it has drained")
    func dropsFrames() {
        let outbox = outbox(OutboxLimits(maxFrames: 0, maxBytes: 4, disconnects: false))
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: -1)
        for text in ["aa", "bb", "cc"] {
            outbox.mark(slot, outbox.append(frame(text)))
            outbox.flush()
        }
        #expect(socket.written == Array("aabb".utf8))
        #expect(outbox.takeStatistics().droppedFrames == 1)
        socket.complete()
        outbox.mark(slot, outbox.append(frame("dd")))
        outbox.flush()
        #expect(socket.written == Array("aabbdd".utf8))
        #expect(socket.slowConsumerCloses == 0)
    }

    @Test("a socket with nothing pending takes a frame beyond the whole budget")
    func takesLargeFrame() {
        let outbox = outbox(OutboxLimits(maxFrames: 1, maxBytes: 4, disconnects: true))
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: -1)
        outbox.mark(slot, outbox.append(frame("larger than the budget"), count: 5))
        outbox.flush()
        #expect(socket.slowConsumerCloses == 0)
        #expect(socket.written.count == 22)
    }

    @Test("many sockets share one copy of a large frame; a short one does not hold on to a large arena")
    func sharesArena() {
        let outbox = outbox()
        let sockets = (0..<10).map { _ in QueueingSocket(descriptor: nil) }
        let range = outbox.append(ByteBuffer(repeating: 1, count: 100_000))
        for socket in sockets {
            outbox.mark(outbox.add(socket, descriptor: -1), range)
        }
        outbox.flush()
        let addresses = sockets.map { $0.writes[0].withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } }
        #expect(Set(addresses).count == 1)
        let single = QueueingSocket(descriptor: nil)
        _ = outbox.append(ByteBuffer(repeating: 2, count: 100_000))
        outbox.mark(outbox.add(single, descriptor: -1), outbox.append(frame("short")))
        outbox.flush()
        #expect(single.writes.map(\.storageCapacity).allSatisfy { $0 < 1024 })
    }

    @Test("slices that wait are not touched by later turns")
    func keepsSlices() {
        let outbox = outbox()
        let socket = QueueingSocket(descriptor: nil)
        let slot = outbox.add(socket, descriptor: -1)
        for turn in 0..<50 {
            outbox.mark(slot, outbox.append(ByteBuffer(repeating: UInt8(turn), count: 1000)))
            outbox.flush()
        }
        #expect(socket.written == (0..<50).flatMap { [UInt8](repeating: UInt8($0), count: 1000) })
    }

    @Test("more sockets than there were slots get their frames")
    func grows() {
        let outbox = outbox()
        let sockets = (0..<1000).map { _ in QueueingSocket(descriptor: nil) }
        var slots: [UInt32] = []
        let range = outbox.append(frame("hello"))
        for socket in sockets {
            let slot = outbox.add(socket, descriptor: -1)
            outbox.mark(slot, range)
            slots.append(slot)
        }
        outbox.flush()
        #expect(sockets.allSatisfy { $0.written == Array("hello".utf8) })
        #expect(Set(slots).count == 1000)
    }

    @Test("an outbox asks for a flush when its arena is full")
    func knowsWhenFull() {
        let outbox = outbox()
        #expect(!outbox.isFull)
        _ = outbox.append(ByteBuffer(repeating: 0, count: Outbox.flushThresholdBytes))
        #expect(outbox.isFull)
    }
}

extension OutboxStatistics {
    fileprivate init(directSends: Int = 0, channelWrites: Int = 0) {
        self.init()
        self.directSends = directSends
        self.channelWrites = channelWrites
    }
}
