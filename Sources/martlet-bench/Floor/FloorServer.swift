import Glibc
import PusherProtocol

/// The least that a server can do: an epoll loop that hands each published frame to each subscriber's `send(2)`.
///
/// It has no protocol to speak of: `GET /sub/<channel>` becomes a WebSocket, `POST /pub/<channel>` sends the body as a
/// text frame to that channel when the turn ends. Nothing is checked, limited, or counted; what a real server costs
/// beyond this is its own.
final class FloorServer {
    private let epoll: Epoll
    private let listener: Int32
    private var slots: UnsafeMutablePointer<FloorSlot>
    private let capacity = 20_000
    private var slotCount = 0
    private var freeSlots: [Int] = []
    private var channels: [String: ContiguousArray<Int>] = [:]
    private var arena: [UInt8] = []
    private var dirty: ContiguousArray<Int> = []
    private var requests: [Int: [UInt8]] = [:]
    private var rests: [Int: [UInt8]] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)

    private static let sendFlags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    private static let listenerToken = UInt64.max

    init(port: Int) throws(BenchError) {
        epoll = try Epoll()
        listener = try StreamSocket.listen(port: port)
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: FloorSlot(), count: capacity)
        try epoll.add(listener, token: Self.listenerToken)
    }

    deinit {
        slots.deallocate()
        buffer.deallocate()
        close(listener)
    }

    /// Serves without end.
    func run() throws {
        while true {
            try epoll.wait(milliseconds: -1) { readiness in
                guard readiness.token != Self.listenerToken else {
                    try accept()
                    return
                }
                let index = Int(readiness.token)
                if readiness.isWritable { try sendRest(index) }
                if readiness.isReadable { try read(index) }
            }
            try flush()
        }
    }

    // MARK: Connections

    private func accept() throws {
        for _ in 0..<64 {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            guard let index = freeSlots.popLast() ?? (slotCount < capacity ? slotCount : nil) else {
                close(descriptor)
                continue
            }
            slotCount = max(slotCount, index + 1)
            slots[index] = FloorSlot()
            slots[index].descriptor = descriptor
            try StreamSocket.setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            try epoll.add(descriptor, token: UInt64(index))
        }
    }

    private func read(_ index: Int) throws {
        let slot = slots + index
        guard slot.pointee.descriptor >= 0 else { return }
        let count = recv(slot.pointee.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            drop(index)
            return
        }
        // What a subscriber says is of no interest.
        guard !slot.pointee.isSubscriber else { return }
        requests[index, default: []].append(contentsOf: buffer[..<count])
        while try takeRequest(index) {}
    }

    private func drop(_ index: Int) {
        let slot = slots + index
        close(slot.pointee.descriptor)
        slot.pointee.descriptor = -1
        requests[index] = nil
        rests[index] = nil
        if slot.pointee.isSubscriber {
            for (name, members) in channels {
                guard let position = members.firstIndex(of: index) else { continue }
                channels[name]?.swapAt(position, members.count - 1)
                channels[name]?.removeLast()
                break
            }
        }
        if !slot.pointee.isDirty { freeSlots.append(index) }
    }

    // MARK: Requests

    private func takeRequest(_ index: Int) throws -> Bool {
        guard let bytes = requests[index], let headEnd = PublishConnection.endOfHead(bytes) else { return false }
        let head = String(decoding: bytes[..<headEnd], as: UTF8.self)
        let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count == 3 else { throw BenchError("not a request: \(head)") }
        let channel = String(words[1].dropFirst(5))
        if words[0] == "GET" {
            requests[index] = nil
            subscribe(index, to: channel, key: Self.field("sec-websocket-key", in: head))
            return false
        }
        let length = Int(Self.field("content-length", in: head)) ?? 0
        guard bytes.count >= headEnd + length else { return false }
        publish(bytes[headEnd..<(headEnd + length)], to: channel)
        requests[index] = Array(bytes[(headEnd + length)...])
        sendNow("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", to: index)
        return true
    }

    private static func field(_ name: String, in head: String) -> String {
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ":") }
        return String(line?.dropFirst(name.utf8.count + 1).drop { $0 == " " } ?? "")
    }

    private func subscribe(_ index: Int, to channel: String, key: String) {
        let accept = WebSocketHandshake.accept(forKey: key)
        sendNow(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n",
            to: index
        )
        slots[index].isSubscriber = true
        channels[channel, default: []].append(index)
    }

    private func sendNow(_ text: String, to index: Int) {
        var text = text
        let descriptor = slots[index].descriptor
        text.withUTF8 { _ = send(descriptor, $0.baseAddress, $0.count, Self.sendFlags) }
    }

    // MARK: Frames

    private func publish(_ text: ArraySlice<UInt8>, to channel: String) {
        let start = arena.count
        arena.append(0x81)
        if text.count < 126 {
            arena.append(UInt8(text.count))
        } else if text.count <= Int(UInt16.max) {
            arena.append(contentsOf: [126, UInt8(text.count >> 8), UInt8(text.count & 0xff)])
        } else {
            arena.append(127)
            for shift in stride(from: 56, through: 0, by: -8) {
                arena.append(UInt8(truncatingIfNeeded: text.count >> shift))
            }
        }
        arena.append(contentsOf: text)
        guard let members = channels[channel] else { return }
        for index in members {
            mark(index, start: start, end: arena.count)
        }
    }

    @inline(__always)
    private func mark(_ index: Int, start: Int, end: Int) {
        let slot = slots + index
        if slot.pointee.isDirty {
            if slot.pointee.end == start {
                slot.pointee.end = end
                return
            }
            // A frame of another channel lies between: what is due goes first.
            transmit(index)
        } else {
            slot.pointee.isDirty = true
            dirty.append(index)
        }
        slot.pointee.start = start
        slot.pointee.end = end
    }

    private func flush() throws {
        for index in dirty {
            slots[index].isDirty = false
            guard slots[index].descriptor >= 0 else {
                freeSlots.append(index)
                continue
            }
            transmit(index)
        }
        dirty.removeAll(keepingCapacity: true)
        arena.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    private func transmit(_ index: Int) {
        let slot = slots + index
        arena.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let start = slot.pointee.start
            let count = slot.pointee.end &- start
            var sent = 0
            if !slot.pointee.hasRest {
                sent = max(0, send(slot.pointee.descriptor, base + start, count, Self.sendFlags))
            }
            if sent < count { keep(bytes[(start + sent)..<(start + count)], of: index) }
        }
    }

    private func keep(_ rest: Slice<UnsafeRawBufferPointer>, of index: Int) {
        rests[index, default: []].append(contentsOf: rest)
        guard !slots[index].hasRest else { return }
        slots[index].hasRest = true
        // A socket that is gone cannot be watched; its end is read next.
        try? epoll.change(slots[index].descriptor, token: UInt64(index), readable: true, writable: true)
    }

    private func sendRest(_ index: Int) throws {
        guard let rest = rests[index] else { return }
        let sent = max(0, send(slots[index].descriptor, rest, rest.count, Self.sendFlags))
        guard sent == rest.count else {
            rests[index] = Array(rest[sent...])
            return
        }
        rests[index] = nil
        slots[index].hasRest = false
        try epoll.change(slots[index].descriptor, token: UInt64(index), readable: true, writable: false)
    }
}
