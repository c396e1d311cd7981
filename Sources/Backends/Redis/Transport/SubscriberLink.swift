import DequeModule
import NIOCore

/// The connection on which topics of one place are subscribed to.
///
/// What is wanted is compared with what was asked for once per turn of the loop, and the difference sent as one batch
/// with a `PING` behind it. Its answer comes after those of the batch, so that whatever was not confirmed by then has
/// failed, and a confirmation of something that was given up meanwhile counts for nothing.
///
/// Threading: the transport's loop.
final class SubscriberLink {
    /// Topics in one batch, and batches under way: what the server answers stays far below its output buffer's limit.
    private static let maxBatch = 8_192
    private static let maxBatches = 4
    /// Names in one `SUBSCRIBE`.
    private static let maxNames = 512

    /// What the link needs from the table of subscriptions, and what it tells it.
    struct Callbacks {
        /// The subscription under a name if this link is to hold it.
        var wanted: (ByteBuffer) -> Subscription?
        var received: (ByteBuffer, _ name: ByteBuffer) -> Void
        /// The server gave a topic up by itself.
        var dropped: (Subscription) -> Void
        /// The answers to a batch are complete: these are in force, those are not.
        var settled: (_ active: [Subscription], _ failed: [Subscription]) -> Void
        var refused: (String) -> Void
        var pause: () -> Void
        var isUp: (_ again: Bool) -> Void
        var isDown: () -> Void
        var isFailing: () -> Void
    }

    let place: TransportPlace
    private let link: TransportLink
    private let loop: any EventLoop
    private let isSharded: Bool
    private let options: RedisTransportOptions
    private let callbacks: Callbacks
    private var handler: RedisSubscriberHandler?
    /// Names whose state may not be what is wanted, in order, each once.
    private var dirty: Deque<ByteBuffer> = []
    private var isDirty: Set<ByteBuffer> = []
    /// Names that were asked for, and not given up since.
    private var held: Set<ByteBuffer> = []
    /// Names that the server serves, as far as its answers have come.
    private var live: Set<ByteBuffer> = []
    private var batches: [UInt64: [Subscription]] = [:]
    private var lastBatch: UInt64 = 0
    private var isFlushDue = false
    private var seenReads = 0
    private var pingedAt: NIODeadline?
    private var pinger: LoopTimer?

    init(
        _ link: TransportLink,
        isSharded: Bool,
        options: RedisTransportOptions,
        callbacks: Callbacks,
        loop: any EventLoop
    ) {
        self.link = link
        place = link.place
        self.isSharded = isSharded
        self.options = options
        self.callbacks = callbacks
        self.loop = loop
    }

    /// Begins to connect.
    func start() {
        link.start(
            .init(isUp: { self.connected($0, again: $1) }, isDown: { self.lost() }, isFailing: callbacks.isFailing)
        )
    }

    /// Ends the connection for good.
    func close() {
        link.close()
        reset()
    }

    /// Takes a look at a name in this turn of the loop.
    func look(at name: ByteBuffer) {
        if isDirty.insert(name).inserted { dirty.append(name) }
        flushSoon()
    }

    private func connected(_ connection: RedisConnection, again: Bool) {
        let handler = RedisSubscriberHandler(.init(push: { self.take($0) }, pause: { self.callbacks.pause() }))
        do {
            try connection.subscribe(with: handler)
        } catch {
            // Closed in the meantime, which the link sees by itself.
            return
        }
        self.handler = handler
        seenReads = 0
        pinger = LoopTimer(every: options.pingInterval, on: loop) { self.checkLife() }
        callbacks.isUp(again)
        flushSoon()
    }

    private func lost() {
        reset()
        callbacks.isDown()
    }

    private func reset() {
        handler = nil
        pinger?.cancel()
        pinger = nil
        pingedAt = nil
        dirty = []
        isDirty = []
        held = []
        live = []
        batches = [:]
    }

    private func flushSoon() {
        guard !isFlushDue, handler != nil, !dirty.isEmpty, batches.count < Self.maxBatches else { return }
        isFlushDue = true
        loop.assumeIsolated().execute {
            self.isFlushDue = false
            self.flush()
        }
    }

    private func flush() {
        guard let handler, !dirty.isEmpty, batches.count < Self.maxBatches else { return }
        lastBatch += 1
        var batch: [Subscription] = []
        var added: [Subscription] = []
        var removed: [ByteBuffer] = []
        for _ in 0..<Self.maxBatch {
            guard let name = dirty.popFirst() else { break }
            isDirty.remove(name)
            if let subscription = callbacks.wanted(name) {
                subscription.batch = lastBatch
                batch.append(subscription)
                if held.insert(name).inserted { added.append(subscription) }
            } else if held.remove(name) != nil {
                removed.append(name)
            }
        }
        guard !batch.isEmpty || !removed.isEmpty else { return flushSoon() }
        batches[lastBatch] = batch
        handler.send(command(removed: removed, added: added))
        flushSoon()
    }

    private func command(removed: [ByteBuffer], added: [Subscription]) -> ByteBuffer {
        var bytes = ByteBuffer()
        if isSharded {
            for name in removed { bytes.writeCommand("SUNSUBSCRIBE", [name]) }
            // All topics of one command have to be in one slot.
            var rest = added.sorted { $0.slot < $1.slot }[...]
            while let slot = rest.first?.slot {
                let group = rest.prefix(Self.maxNames).prefix { $0.slot == slot }
                bytes.writeCommand("SSUBSCRIBE", group.map(\.name))
                rest = rest.dropFirst(group.count)
            }
        } else {
            for start in stride(from: 0, to: removed.count, by: Self.maxNames) {
                bytes.writeCommand("UNSUBSCRIBE", Array(removed[start...].prefix(Self.maxNames)))
            }
            for start in stride(from: 0, to: added.count, by: Self.maxNames) {
                bytes.writeCommand("SUBSCRIBE", added[start...].prefix(Self.maxNames).map(\.name))
            }
        }
        bytes.writeCommand("PING", [ByteBuffer(string: "\(lastBatch)")])
        return bytes
    }

    private func take(_ push: RedisPush) {
        switch push {
        case .message(let name, let payload):
            callbacks.received(payload, name)
        case .subscribed(let name):
            live.insert(name)
        case .unsubscribed(let name):
            live.remove(name)
            // While one is active, nothing that gave it up is under way: the server did so by itself.
            guard let subscription = callbacks.wanted(name), subscription.isActive else { return }
            held.remove(name)
            callbacks.dropped(subscription)
        case .pong(let text):
            guard let number = UInt64(String(buffer: text)), let batch = batches.removeValue(forKey: number) else {
                return
            }
            settle(batch, number)
            flushSoon()
        case .error(let text):
            callbacks.refused(text)
        case .other:
            break
        }
    }

    private func settle(_ batch: [Subscription], _ number: UInt64) {
        var active: [Subscription] = []
        var failed: [Subscription] = []
        for subscription in batch where subscription.batch == number {
            guard callbacks.wanted(subscription.name) === subscription else { continue }
            if live.contains(subscription.name) {
                active.append(subscription)
            } else {
                held.remove(subscription.name)
                failed.append(subscription)
            }
        }
        callbacks.settled(active, failed)
    }

    /// Ends a connection on which nothing comes although it was asked for; a firewall may have forgotten it.
    private func checkLife() {
        guard let handler else { return }
        if handler.reads != seenReads {
            seenReads = handler.reads
            pingedAt = nil
        } else if let pingedAt {
            if .now() - pingedAt >= TimeAmount(options.pingTimeout) { link.renew() }
        } else {
            pingedAt = .now()
            var bytes = ByteBuffer()
            bytes.writeCommand("PING", [ByteBuffer(string: "alive")])
            handler.send(bytes)
        }
    }
}
