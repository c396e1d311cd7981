import Glibc

/// The connections of the load on one thread: opens them, subscribes them, counts what they receive.
///
/// All share one receive buffer, and frames are counted by their headers, so that the load costs less than the server.
final class LoadLoop {
    let target: Target
    let plan: SubscriptionPlan
    /// The nodes that the connections are spread over: as many go to one as there are channels, then to the next.
    private let nodes: [Target]
    private let epoll: Epoll
    private let capacity: Int
    let sockets: UnsafeMutablePointer<LoadSocket>
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
    /// By connection, where the target speaks TLS.
    private var sessions: [TLSSession?] = []
    private(set) var opened = 0
    /// Connections whose subscription has succeeded.
    private(set) var readyCount = 0
    /// Connections that the server ended.
    private(set) var brokenCount = 0
    /// Frames of events that have come in.
    private(set) var delivered = 0
    /// The protocol's own messages that have come in after the subscription.
    private(set) var controlFrames = 0
    private(set) var receivedBytes = 0
    var latency = LatencyRecorder()
    private(set) var publishers: [PublishConnection] = []
    private var upgradeRequests: [[UInt8]] = []
    /// Gets all bytes of WebSockets instead of the counting.
    var inspector: ((Int, UnsafeRawBufferPointer) throws -> Void)?

    /// Gets the socket id of each connection that is established.
    var onEstablished: ((String) -> Void)?

    private static let publisherToken: UInt64 = 1 << 32

    convenience init(target: Target, plan: SubscriptionPlan, capacity: Int) throws(BenchError) {
        try self.init(nodes: [target], plan: plan, capacity: capacity)
    }

    /// Makes a load for the nodes of a cluster, at least one, whose apps are the same.
    init(nodes: [Target], plan: SubscriptionPlan, capacity: Int) throws(BenchError) {
        self.nodes = nodes
        let target = nodes[0]
        self.target = target
        self.plan = plan
        self.capacity = capacity
        epoll = try Epoll()
        sockets = .allocate(capacity: capacity)
        sockets.initialize(repeating: LoadSocket(), count: capacity)
        let distinct = target.credentials == nil ? plan.channelCount : 1
        if target.isTLS { sessions = Array(repeating: nil, count: capacity) }
        upgradeRequests = (0..<distinct).map { target.upgradeRequest(channel: plan.channel($0)) }
    }

    deinit {
        for index in 0..<opened where sockets[index].descriptor >= 0 {
            close(sockets[index].descriptor)
        }
        sockets.deallocate()
        buffer.deallocate()
    }

    // MARK: Connections

    /// Opens connections until `count` are subscribed, at most `window` of them on their way at a time.
    func connect(count: Int, window: Int = 128) throws {
        precondition(count <= capacity)
        let progress = Progress("connections", goal: count)
        while readyCount + brokenCount < count {
            while opened < count, opened - readyCount - brokenCount < window {
                try open(opened)
                opened += 1
            }
            try turn(milliseconds: 1000)
            progress.show(readyCount)
        }
        progress.end()
        guard brokenCount == 0 else { throw BenchError("the server ended \(brokenCount) of \(count) connections") }
    }

    private func open(_ index: Int) throws {
        let node = nodes[index / plan.channelCount % nodes.count]
        let descriptor = try node.connect(index: index)
        if node.isTLS { sessions[index] = try TLSSession(descriptor) }
        sockets[index] = LoadSocket()
        sockets[index].descriptor = descriptor
        sockets[index].phase = .upgrading
        try epoll.add(descriptor, token: UInt64(index))
        try send(upgradeRequests[index % upgradeRequests.count], to: index)
    }

    /// Ends a connection and opens it anew; `reset` ends it with a TCP reset.
    func reopen(_ index: Int, reset: Bool = false) throws {
        if reset { StreamSocket.resetOnClose(sockets[index].descriptor) }
        if sockets[index].phase == .ready { readyCount -= 1 }
        close(sockets[index].descriptor)
        try open(index)
    }

    /// Stops reading a connection.
    func pause(_ index: Int) throws {
        try epoll.remove(sockets[index].descriptor)
        sockets[index].phase = .paused
    }

    /// Reads a connection again.
    func resume(_ index: Int) throws {
        try epoll.add(sockets[index].descriptor, token: UInt64(index))
        sockets[index].phase = .ready
    }

    /// Sends a finished client frame.
    func send(_ bytes: [UInt8], to index: Int) throws(BenchError) {
        let descriptor = sockets[index].descriptor
        var failure: BenchError?
        bytes.withUnsafeBytes { bytes in
            do throws(BenchError) {
                if target.isTLS {
                    try sessions[index]?.send(bytes)
                } else {
                    try StreamSocket.sendAll(descriptor, bytes)
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Opens connections to publish on.
    func addPublishers(_ count: Int) throws {
        for _ in 0..<count {
            try addPublisher(to: target)
        }
    }

    /// Opens a connection to publish on, to the server or to another node of its cluster.
    @discardableResult
    func addPublisher(to node: Target) throws -> PublishConnection {
        let publisher = try PublishConnection(node, index: opened + publishers.count)
        try epoll.add(publisher.descriptor, token: Self.publisherToken | UInt64(publishers.count))
        publishers.append(publisher)
        return publisher
    }

    // MARK: Turns

    /// Never sleeps where it could, once the connections are there.
    ///
    /// A sleeping client makes each `send(2)` of the server wake it, which costs the server more than the delivery, and
    /// only where it is slower than the client: over a network the server would not pay for that.
    var spins = true

    /// Waits for bytes and takes them in.
    func turn(milliseconds: Int32) throws {
        try epoll.wait(milliseconds: spins && latency.isEnabled ? 0 : milliseconds) { readiness in
            if readiness.token >= Self.publisherToken {
                try readPublisher(Int(readiness.token & 0xffff_ffff))
            } else {
                try readSocket(Int(readiness.token))
            }
        }
    }

    /// Turns until a condition holds; throws when it does not within the time.
    func turn(until condition: () -> Bool, seconds: Double, waitingFor subject: String) throws {
        let deadline = Nanoseconds.now() + UInt64(seconds * 1e9)
        while !condition() {
            guard Nanoseconds.now() < deadline else { throw BenchError("waited \(seconds) s for \(subject)") }
            try turn(milliseconds: 100)
        }
    }

    /// Turns until a time of the monotonic clock.
    func turn(until time: UInt64) throws {
        while true {
            let now = Nanoseconds.now()
            guard now < time else { return }
            // The last millisecond is polled, so that what is due is not late by epoll's resolution.
            let left = (time - now) / 1_000_000
            try turn(milliseconds: left > 1 ? Int32(min(left - 1, 100)) : 0)
        }
    }

    private func readPublisher(_ index: Int) throws {
        let publisher = publishers[index]
        let count = recv(publisher.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        guard count != 0 else {
            throw BenchError("the server closed a publisher's connection: \(publisher.lastRefusal)")
        }
        guard count > 0 else { return }
        try publisher.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    private func readSocket(_ index: Int) throws {
        let descriptor = sockets[index].descriptor
        guard descriptor >= 0 else { return }
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            breakDown(index)
            return
        }
        receivedBytes &+= count
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        guard target.isTLS else {
            try receiveStream(bytes, index)
            return
        }
        // A closure that throws anything must not be seen by C: what it throws is taken past it.
        var failure: (any Error)?
        try sessions[index]?.decrypt(bytes) { plain in
            guard failure == nil else { return }
            do { try receiveStream(plain, index) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func receiveStream(_ bytes: UnsafeRawBufferPointer, _ index: Int) throws {
        guard sockets[index].phase == .upgrading else {
            try receive(bytes, index)
            return
        }
        guard let rest = try finishUpgrade(bytes, index) else { return }
        sockets[index].phase = target.credentials == nil ? .ready : .establishing
        if target.credentials == nil { readyCount += 1 }
        if !rest.isEmpty { try receive(rest, index) }
    }

    private func breakDown(_ index: Int) {
        if sockets[index].phase == .ready { readyCount -= 1 }
        close(sockets[index].descriptor)
        sockets[index].descriptor = -1
        sockets[index].phase = .closed
        brokenCount += 1
    }

    private func finishUpgrade(_ bytes: UnsafeRawBufferPointer, _ index: Int) throws -> UnsafeRawBufferPointer? {
        let end: [UInt8] = [13, 10, 13, 10]
        if sockets[index].headEnd == 0, bytes.count > 12, bytes[9] != UInt8(ascii: "1") {
            throw BenchError("the server answered: \(String(decoding: bytes.prefix(300), as: UTF8.self))")
        }
        for (position, byte) in bytes.enumerated() {
            let seen = Int(sockets[index].headEnd)
            sockets[index].headEnd = byte == end[seen] ? UInt8(seen + 1) : byte == 13 ? 1 : 0
            if sockets[index].headEnd == 4 { return UnsafeRawBufferPointer(rebasing: bytes[(position + 1)...]) }
        }
        return nil
    }

    // MARK: Frames

    private func receive(_ bytes: UnsafeRawBufferPointer, _ index: Int) throws {
        if let inspector {
            try inspector(index, bytes)
            return
        }
        // Taken out, because the closure changes the socket.
        var walker = sockets[index].walker
        let now = latency.isEnabled ? Nanoseconds.now() : 0
        delivered &+= try walker.walk(bytes) { opcode, text in
            guard opcode == ClientFrame.text else {
                try receiveControl(opcode, index)
                return false
            }
            guard ControlText.isControl(text) else {
                latency.receive(text, now: now)
                return true
            }
            try receiveProtocol(text, index)
            return false
        }
        sockets[index].walker = walker
    }

    /// Takes a message that an inspector has found not to be an event.
    func receiveOther(_ opcode: UInt8, _ text: UnsafeRawBufferPointer, _ index: Int) throws {
        if opcode == ClientFrame.text {
            try receiveProtocol(text, index)
        } else {
            try receiveControl(opcode, index)
        }
    }

    private func receiveControl(_ opcode: UInt8, _ index: Int) throws {
        if opcode == ClientFrame.ping {
            try send(ClientFrame.make(ClientFrame.pong, []), to: index)
        }
    }

    private func receiveProtocol(_ text: UnsafeRawBufferPointer, _ index: Int) throws {
        switch sockets[index].phase {
        case .establishing:
            guard let credentials = target.credentials, let socketID = ControlText.socketID(in: text) else {
                throw BenchError("the server said: \(String(decoding: text.prefix(300), as: UTF8.self))")
            }
            sockets[index].phase = .subscribing
            onEstablished?(socketID)
            let message = plan.subscribeMessage(index: index, socketID: socketID, credentials: credentials)
            try send(message, to: index)
        case .subscribing:
            if ControlText.isEvent("pusher_internal:subscription_succeeded", text) {
                sockets[index].phase = .ready
                readyCount += 1
            } else if ControlText.isEvent("pusher:error", text) {
                throw BenchError("the server said: \(String(decoding: text.prefix(300), as: UTF8.self))")
            }
        default: controlFrames &+= 1
        }
    }
}
