import ChannelHub
import Glibc
import NIOCore

/// A channel reduced to what the outbox relies on: it writes what it is given in order, as far as the descriptor takes
/// it, and completes each write when all of it was taken.
final class QueueingSocket: OutboxSocket {
    /// What is written behind everything else when the outbox gives up on the socket.
    static let farewell: [UInt8] = [0x88, 0x00]

    /// The descriptor, or `nil` to keep everything that is written.
    let descriptor: Int32?
    /// Writes of the outbox, each as it came.
    private(set) var writes: [ByteBuffer] = []
    private(set) var slowConsumerCloses = 0
    private var queue: [(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
    /// Called in the middle of a write through the channel, as a channel that fails does.
    var onWrite: (() -> Void)?

    init(descriptor: Int32?) {
        self.descriptor = descriptor
    }

    /// Nothing waits to be written.
    var isDrained: Bool { queue.isEmpty }

    /// All bytes that were written through the channel.
    var written: [UInt8] { writes.flatMap { Array($0.readableBytesView) } }

    func writeThroughChannel(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>) {
        writes.append(bytes)
        queue.append((bytes, promise))
        onWrite?()
        pump()
    }

    func didDrop(frames: Int) {}

    func closeSlowConsumer() {
        slowConsumerCloses += 1
        queue.append((ByteBuffer(bytes: Self.farewell), nil))
        pump()
    }

    /// Writes as much as the descriptor takes.
    func pump() {
        guard let descriptor else { return }
        while var first = queue.first {
            let sent = first.bytes.withUnsafeReadableBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            guard sent >= 0 else { return }
            first.bytes.moveReaderIndex(forwardBy: sent)
            guard first.bytes.readableBytes == 0 else {
                queue[0].bytes = first.bytes
                return
            }
            queue.removeFirst()
            first.promise?.succeed()
        }
    }

    /// Completes the oldest writes of a socket without a descriptor.
    func complete(_ count: Int = .max) {
        for write in queue.prefix(count) {
            write.promise?.succeed()
        }
        queue.removeFirst(min(count, queue.count))
    }

    /// Fails all that waits, as a channel does when it closes.
    func fail() {
        let failing = queue
        queue = []
        for write in failing {
            write.promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }
}
