import ChannelHub
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

/// Compares what many sockets receive under random back-pressure with what they were due.
@Suite struct OutboxModelTests {
    @Test("every byte arrives once and in order, whatever blocks when", arguments: 0..<12)
    func deliversEverything(_ seed: Int) throws {
        let limits = OutboxLimits(maxFrames: 0, maxBytes: 0, disconnects: true)
        var model = try Model(seed: UInt64(seed), limits: limits)
        defer { model.close() }
        for _ in 0..<2_000 {
            try model.step()
        }
        model.drain()
        for peer in model.peers + model.former where !peer.isCut {
            let isIntact = peer.received == peer.expected.flatMap { $0 }
            #expect(isIntact)
        }
        #expect(model.outbox.statistics.channelWrites > 0)
        #expect(model.outbox.statistics.directSends > 0)
    }

    @Test("over the budget, what arrives is a beginning of what was due and then the farewell", arguments: 0..<8)
    func disconnectsCleanly(_ seed: Int) throws {
        let limits = OutboxLimits(maxFrames: 8, maxBytes: 0, disconnects: true)
        var model = try Model(seed: UInt64(1000 + seed), limits: limits)
        defer { model.close() }
        for _ in 0..<2_000 {
            try model.step()
        }
        model.drain()
        var closed = 0
        for peer in model.peers where peer.socket.slowConsumerCloses > 0 {
            closed += 1
            let hasFarewell = peer.received.suffix(2) == QueueingSocket.farewell[...]
            let isBeginning = peer.expected.flatMap { $0 }.starts(with: peer.received.dropLast(2))
            #expect(hasFarewell && isBeginning)
        }
        #expect(closed > 0)
    }

    @Test("where frames are dropped, whole frames are missing and never parts of one", arguments: 0..<8)
    func dropsCleanly(_ seed: Int) throws {
        let limits = OutboxLimits(maxFrames: 0, maxBytes: 60_000, disconnects: false)
        var model = try Model(seed: UInt64(2000 + seed), limits: limits)
        defer { model.close() }
        for _ in 0..<2_000 {
            try model.step()
        }
        model.drain()
        #expect(model.outbox.statistics.droppedFrames > 0)
        for peer in model.peers where !peer.isCut {
            let isWhole = Self.isSubsequence(peer.received, of: peer.expected)
            #expect(isWhole)
        }
    }

    /// Says whether bytes are some of the frames, whole and in order; every frame starts with its own number.
    private static func isSubsequence(_ bytes: [UInt8], of frames: [[UInt8]]) -> Bool {
        var rest = bytes[...]
        for frame in frames where rest.starts(with: frame) {
            rest = rest.dropFirst(frame.count)
        }
        return rest.isEmpty
    }

    /// One socket: what it was due, and what came out at the other end.
    private final class Peer {
        let pair: SocketPair
        let socket: QueueingSocket
        let slot: UInt32
        var expected: [[UInt8]] = []
        var received: [UInt8] = []
        /// It was removed before it had everything.
        var isCut = false

        init(pair: SocketPair, outbox: Outbox, isDirect: Bool) {
            self.pair = pair
            socket = QueueingSocket(descriptor: pair.server)
            slot = outbox.add(socket, descriptor: isDirect ? pair.server : -1)
        }
    }

    private struct Model {
        let outbox: Outbox
        var peers: [Peer] = []
        var former: [Peer] = []
        private var random: SeededGenerator
        private var frameNumber: UInt32 = 0

        init(seed: UInt64, limits: OutboxLimits) throws {
            outbox = Outbox(eventLoop: EmbeddedEventLoop(), limits: limits)
            random = SeededGenerator(seed: seed)
            for _ in 0..<10 {
                try connect()
            }
        }

        mutating func step() throws {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<9: publish()
            case 9..<14: outbox.flush()
            case 14..<17: read()
            case 17: peers.randomElement(using: &random)?.socket.pump()
            case 18: peers.randomElement(using: &random).map { receive($0, max: 1 << 20) }
            default: try reconnect()
            }
        }

        private mutating func publish() {
            frameNumber += 1
            let sizes = [20, 20, 150, 150, 1_000, 5_000, 20_000, 100_000]
            let size = (sizes.randomElement(using: &random) ?? 20) + Int.random(in: 0...9, using: &random)
            var frame = ByteBuffer()
            frame.writeInteger(frameNumber)
            frame.writeInteger(UInt32(size))
            frame.writeRepeatingByte(UInt8(truncatingIfNeeded: frameNumber), count: size - 8)
            let range = outbox.append(frame)
            let share = Int.random(in: 0...10, using: &random)
            for peer in peers where Int.random(in: 0..<10, using: &random) < share {
                outbox.mark(peer.slot, range)
                peer.expected.append(Array(frame.readableBytesView))
            }
            if outbox.isFull { outbox.flush() }
        }

        private mutating func read() {
            guard let peer = peers.randomElement(using: &random) else { return }
            receive(peer, max: Int.random(in: 1...20_000, using: &random))
            // The channel learns that it can write again, as it does from its selector.
            peer.socket.pump()
        }

        private func receive(_ peer: Peer, max: Int) {
            peer.received += peer.pair.read(max: max)
        }

        private mutating func connect() throws {
            let pair = try SocketPair(bufferBytes: [2048, 8192, 65_536].randomElement(using: &random) ?? 2048)
            peers.append(Peer(pair: pair, outbox: outbox, isDirect: Int.random(in: 0..<5, using: &random) > 0))
        }

        /// Lets one go in the middle of everything; descriptor and slot are taken by the next one.
        private mutating func reconnect() throws {
            guard Int.random(in: 0..<4, using: &random) == 0 else { return }
            let peer = peers.remove(at: Int.random(in: 0..<peers.count, using: &random))
            peer.isCut = true
            outbox.remove(peer.slot)
            peer.socket.fail()
            peer.pair.close()
            former.append(peer)
            try connect()
        }

        func drain() {
            outbox.flush()
            for _ in 0..<100_000 where !peers.allSatisfy(\.socket.isDrained) {
                for peer in peers {
                    receive(peer, max: 1 << 16)
                    peer.socket.pump()
                }
            }
            for peer in peers {
                while case let bytes = peer.pair.read(max: 1 << 16), !bytes.isEmpty {
                    peer.received += bytes
                }
            }
        }

        func close() {
            for peer in peers {
                peer.pair.close()
            }
        }
    }
}
