package import NIOCore
package import PusherProtocol

/// What travels on a topic.
///
/// Directories make the messages that tell of a change of state, in the step that makes the change; nodes make the
/// others. Every change raises the topic's version, so that a snapshot and the stream can race, and names the version
/// before, so that a lost message is noticed.
package enum ClusterMessage: Sendable, Equatable {
    /// A user's first connection in the whole cluster joined a presence channel.
    case memberAdded(PresenceMember, ClusterVersion)
    /// A user's last connection left a presence channel.
    case memberRemoved(userID: String, ClusterVersion)
    /// So many subscriptions a channel has, or connections a user.
    case subscriptionCount(Int, ClusterVersion)
    /// An event that the topic keeps for later subscribers.
    case retained(ClusterEvent, ClusterVersion)
    /// An event for those who are subscribed now.
    case event(ClusterEvent)
    /// All connections of the topic's user, or of its app, are to be closed.
    case close(code: UInt16, reason: String)
    /// The topic's app was changed in its store.
    case appChanged
}

/// The version of a topic's state after a change, and the one before.
package struct ClusterVersion: Sendable, Equatable {
    package var current: UInt64
    package var previous: UInt64

    /// Makes a version.
    package init(current: UInt64, previous: UInt64) {
        self.current = current
        self.previous = previous
    }
}

/// An application's event on its way to the subscribers of other nodes.
package struct ClusterEvent: Sendable, Equatable {
    /// The process that published it.
    package var publisher: UInt64
    /// Grows with every event of a publisher on a topic, so that one that was sent again after a lost connection is
    /// known.
    package var sequence: UInt64
    /// The connection that does not get the event.
    package var except: SocketID?
    /// The whole WebSocket frame.
    package var frame: ByteBuffer

    /// Makes an event.
    package init(publisher: UInt64, sequence: UInt64, except: SocketID?, frame: ByteBuffer) {
        self.publisher = publisher
        self.sequence = sequence
        self.except = except
        self.frame = frame
    }
}

extension ClusterMessage {
    // Text, because scripts compose these: a sign, then decimal numbers that each end with a space, then the bytes.
    private static let addedSign = UInt8(ascii: "+")
    private static let removedSign = UInt8(ascii: "-")
    private static let countSign = UInt8(ascii: "#")
    private static let retainedSign = UInt8(ascii: "V")
    // Binary, big-endian.
    private static let eventSign = UInt8(ascii: "E")
    private static let closeSign = UInt8(ascii: "T")
    private static let appSign = UInt8(ascii: "A")

    /// The bytes of the message.
    ///
    /// `+version previous idBytes id info`, `-version previous idBytes id`, `#version previous count `,
    /// `Vversion previous event`, where each number is decimal with a space behind it; an event is `E`, publisher and
    /// sequence of eight bytes each, the length of the excepted socket id in one, the id, the frame.
    package var encoded: ByteBuffer {
        var bytes = ByteBuffer()
        switch self {
        case .memberAdded(let member, let version):
            bytes.writeHeader(Self.addedSign, version)
            bytes.writeString("\(member.userID.utf8.count) \(member.userID)")
            bytes.writeBytes(member.userInfo ?? [])
        case .memberRemoved(let userID, let version):
            bytes.writeHeader(Self.removedSign, version)
            bytes.writeString("\(userID.utf8.count) \(userID)")
        case .subscriptionCount(let count, let version):
            bytes.writeHeader(Self.countSign, version)
            bytes.writeString("\(count) ")
        case .retained(let event, let version):
            bytes.writeHeader(Self.retainedSign, version)
            event.write(to: &bytes)
        case .event(let event):
            event.write(to: &bytes)
        case .close(let code, let reason):
            bytes.writeInteger(Self.closeSign)
            bytes.writeInteger(code)
            bytes.writeString(reason)
        case .appChanged:
            bytes.writeInteger(Self.appSign)
        }
        return bytes
    }

    /// Reads a message; `nil` for bytes that are none, such as those of a version of this server that knows more.
    package init?(_ bytes: ByteBuffer) {
        var rest = bytes
        switch rest.readInteger(as: UInt8.self) {
        case Self.addedSign:
            guard let version = rest.readVersion(), let userID = rest.readCountedString() else { return nil }
            let info = rest.readBytes(length: rest.readableBytes) ?? []
            self = .memberAdded(PresenceMember(userID: userID, userInfo: info.isEmpty ? nil : info), version)
        case Self.removedSign:
            guard let version = rest.readVersion(), let userID = rest.readCountedString(), rest.readableBytes == 0
            else {
                return nil
            }
            self = .memberRemoved(userID: userID, version)
        case Self.countSign:
            guard let version = rest.readVersion(), let count = rest.readDecimal(), let count = Int(exactly: count),
                rest.readableBytes == 0
            else { return nil }
            self = .subscriptionCount(count, version)
        case Self.retainedSign:
            guard let version = rest.readVersion(), rest.readInteger() == Self.eventSign,
                let event = ClusterEvent(&rest)
            else { return nil }
            self = .retained(event, version)
        case Self.eventSign:
            guard let event = ClusterEvent(&rest) else { return nil }
            self = .event(event)
        case Self.closeSign:
            guard let code = rest.readInteger(as: UInt16.self),
                let reason = String(validating: rest.readableBytesView, as: UTF8.self)
            else { return nil }
            self = .close(code: code, reason: reason)
        case Self.appSign where rest.readableBytes == 0:
            self = .appChanged
        default:
            return nil
        }
    }
}

extension ClusterEvent {
    fileprivate func write(to bytes: inout ByteBuffer) {
        let except = except?.description ?? ""
        bytes.reserveCapacity(minimumWritableBytes: 18 + except.utf8.count + frame.readableBytes)
        bytes.writeInteger(UInt8(ascii: "E"))
        bytes.writeInteger(publisher)
        bytes.writeInteger(sequence)
        bytes.writeInteger(UInt8(except.utf8.count))
        bytes.writeString(except)
        bytes.writeImmutableBuffer(frame)
    }

    /// Reads what follows the sign.
    fileprivate init?(_ bytes: inout ByteBuffer) {
        guard let publisher = bytes.readInteger(as: UInt64.self), let sequence = bytes.readInteger(as: UInt64.self),
            let length = bytes.readInteger(as: UInt8.self), let text = bytes.readString(length: Int(length))
        else { return nil }
        let except = SocketID(text)
        guard text.isEmpty || except != nil else { return nil }
        self.init(publisher: publisher, sequence: sequence, except: except, frame: bytes.slice())
    }
}

extension ByteBuffer {
    fileprivate mutating func writeHeader(_ sign: UInt8, _ version: ClusterVersion) {
        writeInteger(sign)
        writeString("\(version.current) \(version.previous) ")
    }

    fileprivate mutating func readVersion() -> ClusterVersion? {
        guard let current = readDecimal(), let previous = readDecimal() else { return nil }
        return ClusterVersion(current: current, previous: previous)
    }

    /// Reads a number with the space behind it.
    fileprivate mutating func readDecimal() -> UInt64? {
        let digits = readableBytesView.prefix { $0 != UInt8(ascii: " ") }
        guard digits.count < readableBytes, (1...20).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = UInt64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        moveReaderIndex(forwardBy: digits.count + 1)
        return value
    }

    fileprivate mutating func readCountedString() -> String? {
        guard let length = readDecimal(), length <= readableBytes, let bytes = readBytes(length: Int(length)) else {
            return nil
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
