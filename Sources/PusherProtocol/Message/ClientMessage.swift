/// A message from a client, read and checked for shape (Pusher protocol 7, "Events").
package enum ClientMessage: Sendable, Equatable {
    case ping
    case pong
    case subscribe(SubscribeRequest)
    case unsubscribe(channel: String)
    case signin(SigninRequest)
    case clientEvent(ClientEvent)
    /// A name that no client may send.
    case unsupported(event: String)

    /// Reads one JSON object; anything else is an error that leaves the connection open.
    package init(_ bytes: UnsafeRawBufferPointer) throws(PusherError) {
        let envelope = try Envelope(bytes)
        guard let event = envelope.event?.decodedString(in: bytes) else {
            throw PusherError("Invalid message format: event must be a string")
        }
        switch EventName.Client(rawValue: event) {
        case .ping: self = .ping
        case .pong: self = .pong
        case .subscribe: self = .subscribe(try envelope.readCommand(from: bytes, SubscribeRequest.init))
        case .unsubscribe:
            let request = try envelope.readCommand(from: bytes, UnsubscribeRequest.init)
            self = .unsubscribe(channel: request.channel)
        case .signin: self = .signin(try envelope.readCommand(from: bytes, SigninRequest.init))
        case nil where event.utf8.starts(with: EventName.clientEventPrefix.utf8):
            self = .clientEvent(try ClientEvent(name: event, envelope: envelope, bytes: bytes))
        case nil: self = .unsupported(event: event)
        }
    }
}

extension ClientMessage {
    /// The name of the event, for logs.
    package var eventName: String {
        switch self {
        case .ping: EventName.Client.ping.rawValue
        case .pong: EventName.Client.pong.rawValue
        case .subscribe: EventName.Client.subscribe.rawValue
        case .unsubscribe: EventName.Client.unsubscribe.rawValue
        case .signin: EventName.Client.signin.rawValue
        case .clientEvent(let event): event.name
        case .unsupported(let event): event
        }
    }

    /// The channel that the message is about.
    package var channel: String? {
        switch self {
        case .subscribe(let request): request.channel
        case .unsubscribe(let channel): channel
        case .clientEvent(let event): event.channel
        case .ping, .pong, .signin, .unsupported: nil
        }
    }
}

/// The members that every message may have, found in one scan.
struct Envelope {
    var event: JSONText?
    var channel: JSONText?
    var data: Value?

    /// A value where it lies: a string, or the raw JSON of anything else.
    enum Value {
        case string(JSONText)
        case raw(Range<Int>)
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(PusherError) {
        do {
            var scanner = JSONScanner(bytes)
            try scanner.beginObject()
            while let member = try scanner.nextMember() {
                if member.key.equals("event", in: bytes), member.kind == .string {
                    event = try scanner.readString()
                } else if member.key.equals("channel", in: bytes), member.kind == .string {
                    channel = try scanner.readString()
                } else if member.key.equals("data", in: bytes), member.kind != .null {
                    data = member.kind == .string ? .string(try scanner.readString()) : .raw(try scanner.skipValue())
                } else {
                    _ = try scanner.skipValue()
                }
            }
            try scanner.finish()
        } catch {
            throw PusherError("Invalid message format: \(error)")
        }
    }

    /// Reads the data of a `pusher:` command, which may also be a string that holds the object's JSON.
    func readCommand<Command>(
        from bytes: UnsafeRawBufferPointer,
        _ read: (UnsafeRawBufferPointer) throws(PusherError) -> Command
    ) throws(PusherError) -> Command {
        switch data {
        case .raw(let range): return try read(UnsafeRawBufferPointer(rebasing: bytes[range]))
        case .string(let text):
            return try text.withDecodedBytes(in: bytes) { decoded throws(PusherError) in try read(decoded) }
        case nil: throw PusherError("Invalid message format: data is missing")
        }
    }
}
