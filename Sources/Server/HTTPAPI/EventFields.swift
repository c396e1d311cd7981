import NIOCore
import NIOHTTP1
import PusherProtocol
import ServerCore

/// The parameters of a publish as they were found, before they are checked.
///
/// A member of the wrong type is noted and skipped, so that the rest of the body is checked as JSON in any case.
struct EventFields {
    var name: String?
    var socketID: String?
    var info = ""
    var idempotencyKey: String?
    /// The data of parameters that did not come as JSON.
    var data: EventData?
    private var json: JSONData?
    private var channels: [String] = []
    /// The channels again, once they are too many to be searched one by one.
    private var known: Set<String> = []
    private var channelCount = 0
    private var problem: String?

    private enum JSONData {
        case string(JSONText)
        case value(Range<Int>)
    }

    /// Reads a body that is one event.
    mutating func read(_ body: ByteBuffer, channelLimit: Int) throws(HTTPFailure) {
        let outcome: Result<Void, JSONError> = body.withUnsafeReadableBytes { bytes in
            do throws(JSONError) {
                var scanner = JSONScanner(bytes)
                try read(&scanner, bytes, channelLimit: channelLimit)
                return .success(try scanner.finish())
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = outcome { throw HTTPFailure(error) }
    }

    /// Reads the object that the scanner stands at; of a member that comes twice the last value
    /// counts, and `channel` and `channels` add up.
    mutating func read(
        _ scanner: inout JSONScanner,
        _ bytes: UnsafeRawBufferPointer,
        channelLimit: Int
    ) throws(JSONError) {
        try scanner.beginObject()
        while let member = try scanner.nextMember() {
            let key = member.key
            if key.equals("name", in: bytes) {
                name = try readString(&scanner, member, bytes)
            } else if key.equals("data", in: bytes) {
                json = member.kind == .string ? .string(try scanner.readString()) : .value(try scanner.skipValue())
            } else if key.equals("channels", in: bytes) {
                try readChannels(&scanner, member, bytes, limit: channelLimit)
            } else if key.equals("channel", in: bytes) {
                if let channel = try readString(&scanner, member, bytes) { add(channel, limit: channelLimit) }
            } else if key.equals("socket_id", in: bytes) {
                socketID = try readString(&scanner, member, bytes)
            } else if key.equals("info", in: bytes) {
                info = try readString(&scanner, member, bytes) ?? ""
            } else if key.equals("idempotency_key", in: bytes) {
                idempotencyKey = try readString(&scanner, member, bytes)
            } else {
                try scanner.skipValue()
            }
        }
    }

    /// Takes what both query forms have in common.
    mutating func setCommonParameters(_ query: QueryString, form: QueryString.Form) {
        name = query.value(of: "name", as: form)
        socketID = query.value(of: "socket_id", as: form)
        info = query.value(of: "info", as: form) ?? ""
        idempotencyKey = query.value(of: "idempotency_key", as: form)
    }

    /// Takes channels that did not come as JSON.
    mutating func setChannels(_ names: [String], limit: Int) {
        for name in names { add(name, limit: limit) }
    }

    private mutating func readString(
        _ scanner: inout JSONScanner,
        _ member: JSONMember,
        _ bytes: UnsafeRawBufferPointer
    ) throws(JSONError) -> String? {
        if member.kind == .string { return try scanner.readString().decodedString(in: bytes) }
        if member.kind != .null, problem == nil {
            problem = "\(member.key.decodedString(in: bytes)) must be a string"
        }
        try scanner.skipValue()
        return nil
    }

    private mutating func readChannels(
        _ scanner: inout JSONScanner,
        _ member: JSONMember,
        _ bytes: UnsafeRawBufferPointer,
        limit: Int
    ) throws(JSONError) {
        guard member.kind == .array else {
            if member.kind != .null, problem == nil { problem = "channels must be an array of strings" }
            try scanner.skipValue()
            return
        }
        try scanner.beginArray()
        while let kind = try scanner.nextElement() {
            guard kind == .string else {
                if problem == nil { problem = "channels must be an array of strings" }
                try scanner.skipValue()
                continue
            }
            let channel = try scanner.readString()
            // Beyond the limit they are only counted.
            if channelCount < limit {
                add(channel.decodedString(in: bytes), limit: limit)
            } else {
                channelCount += 1
            }
        }
    }

    private mutating func add(_ channel: String, limit: Int) {
        channelCount += 1
        guard channelCount <= limit, !isKnown(channel) else { return }
        channels.append(channel)
    }

    private mutating func isKnown(_ channel: String) -> Bool {
        guard channels.count >= 16 else { return channels.contains(channel) }
        if known.isEmpty { known.formUnion(channels) }
        return !known.insert(channel).inserted
    }
}

extension EventFields {
    /// Checks what a JSON body held.
    mutating func request(body: ByteBuffer, limits: AppLimits, maxKeyBytes: Int) throws(HTTPFailure) -> PublishRequest {
        switch json {
        case .string(let text): data = EventData(string: text, in: body)
        case .value(let range): data = EventData(value: range, in: body)
        case nil: break
        }
        return try checked(limits: limits, maxKeyBytes: maxKeyBytes)
    }

    /// Checks the parameters and puts them together.
    func checked(limits: AppLimits, maxKeyBytes: Int) throws(HTTPFailure) -> PublishRequest {
        if let problem { throw .badRequest(problem) }
        guard let name, !name.isEmpty else { throw .badRequest("Missing required parameter: name") }
        guard let data else { throw .badRequest("Missing required parameter: data") }
        guard channelCount > 0 else { throw .badRequest("Missing required parameter: channels") }
        guard name.utf8.count <= limits.maxEventNameBytes else {
            throw .badRequest("Event name too long (\(name.utf8.count) > \(limits.maxEventNameBytes) bytes)")
        }
        guard channelCount <= limits.maxChannelsPerEvent else {
            throw .badRequest("Too many channels (\(channelCount) > \(limits.maxChannelsPerEvent))")
        }
        for channel in channels where !ChannelName.isValid(channel, maxBytes: limits.maxChannelNameBytes) {
            // Cut by bytes: one character can have any number of them.
            let shown = String(decoding: channel.utf8.prefix(limits.maxChannelNameBytes), as: UTF8.self)
            throw .badRequest("Invalid channel name: '\(shown)'")
        }
        guard data.byteCount <= limits.maxEventPayloadBytes else {
            throw HTTPFailure(
                .payloadTooLarge,
                "The data content of this event exceeds the allowed maximum (\(limits.maxEventPayloadBytes) bytes)."
            )
        }
        return PublishRequest(
            name: name,
            channels: channels,
            data: data,
            socketID: try checkedSocketID(),
            info: InfoAttributes(ofPublish: info),
            idempotencyKey: try checkedKey(maxBytes: maxKeyBytes)
        )
    }

    // Empty is absent: clients send what their environment gave them.
    private func checkedSocketID() throws(HTTPFailure) -> String? {
        guard let socketID, !socketID.isEmpty else { return nil }
        guard SocketID.isWellFormed(socketID) else {
            throw .badRequest("Invalid socket_id: it must be two numbers with a dot between")
        }
        return socketID
    }

    private func checkedKey(maxBytes: Int) throws(HTTPFailure) -> String? {
        guard let idempotencyKey, !idempotencyKey.isEmpty else { return nil }
        guard idempotencyKey.utf8.count <= maxBytes else {
            throw .badRequest("idempotency_key too long (\(idempotencyKey.utf8.count) > \(maxBytes) bytes)")
        }
        return idempotencyKey
    }
}

extension HTTPFailure {
    /// A body that is not the JSON object it must be.
    init(_ error: JSONError) {
        self = .badRequest("Invalid JSON in the body: \(error)")
    }
}
