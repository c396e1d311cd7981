package import NIOCore

/// The messages that the server sends, each as a whole WebSocket text frame (Pusher protocol 7, "Events").
///
/// `data` is a JSON string everywhere but in errors, pings and pongs, and never absent: typed clients ignore or trip
/// over messages without it.
package enum ServerMessage {
    /// The first message of a connection.
    package static func connectionEstablished(socketID: SocketID, activityTimeoutSeconds: Int) -> ByteBuffer {
        frame { payload in
            payload.writeStaticString(#"{"event":"pusher:connection_established","data":"{\"socket_id\":\""#)
            payload.writeString(socketID.description)
            payload.writeStaticString(#"\",\"activity_timeout\":"#)
            payload.writeString(String(activityTimeoutSeconds))
            payload.writeStaticString(#"}"}"#)
        }
    }

    /// An error, after which the connection stays open unless a close frame follows.
    package static func error(_ error: PusherError) -> ByteBuffer {
        frame { payload in
            payload.writeStaticString(#"{"event":"pusher:error","data":{"code":"#)
            payload.writeString(error.code.map(String.init) ?? "null")
            payload.writeStaticString(#","message":"#)
            payload.writeJSONString(error.message)
            payload.writeStaticString("}}")
        }
    }

    /// A refused subscription, for the channel's own handlers; sent in addition to the error.
    package static func subscriptionError(_ error: PusherError, channel: String, status: Int) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"type":"AuthError","error":"#)
        data.writeJSONString(error.message)
        data.writeString(#","status":\#(status)}"#)
        return event(.subscriptionError, channel: channel, data: data)
    }

    /// Asks the client whether it is there.
    package static let ping = frame { $0.writeStaticString(#"{"event":"pusher:ping","data":{}}"#) }

    /// Answers a client's ping.
    package static let pong = frame { $0.writeStaticString(#"{"event":"pusher:pong","data":{}}"#) }

    /// Confirms a sign-in with the user data exactly as they were sent.
    package static func signinSuccess(userData: String) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"user_data":"#)
        data.writeJSONString(userData)
        data.writeStaticString("}")
        return event(.signinSuccess, channel: nil, data: data)
    }

    /// Confirms a subscription to a channel without presence.
    package static func subscriptionSucceeded(channel: String) -> ByteBuffer {
        event(.subscriptionSucceeded, channel: channel, data: ByteBuffer(staticString: "{}"))
    }

    /// Confirms a subscription to a presence channel with its members, the new one among them.
    package static func subscriptionSucceeded(channel: String, members: [PresenceMember]) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeString(#"{"presence":{"count":\#(members.count),"ids":["#)
        for (index, member) in members.enumerated() {
            if index > 0 { data.writeStaticString(",") }
            data.writeJSONString(member.userID)
        }
        data.writeStaticString(#"],"hash":{"#)
        for (index, member) in members.enumerated() {
            if index > 0 { data.writeStaticString(",") }
            data.writeJSONString(member.userID)
            data.writeStaticString(":")
            data.writeUserInfo(of: member)
        }
        data.writeStaticString("}}}")
        return event(.subscriptionSucceeded, channel: channel, data: data)
    }

    /// Tells the members of a presence channel that a user came.
    package static func memberAdded(_ member: PresenceMember, channel: String) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"user_id":"#)
        data.writeJSONString(member.userID)
        data.writeStaticString(#","user_info":"#)
        data.writeUserInfo(of: member)
        data.writeStaticString("}")
        return event(.memberAdded, channel: channel, data: data)
    }

    /// Tells the members of a presence channel that a user went.
    package static func memberRemoved(userID: String, channel: String) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"user_id":"#)
        data.writeJSONString(userID)
        data.writeStaticString("}")
        return event(.memberRemoved, channel: channel, data: data)
    }

    /// Tells a new subscriber of a cache channel that there is no event yet.
    package static func cacheMiss(channel: String) -> ByteBuffer {
        event(.cacheMiss, channel: channel, data: ByteBuffer(staticString: "{}"))
    }

    /// Tells subscribers how many connections the channel has.
    package static func subscriptionCount(_ count: Int, channel: String) -> ByteBuffer {
        event(.subscriptionCount, channel: channel, data: ByteBuffer(string: #"{"subscription_count":\#(count)}"#))
    }

    /// Tells a user which of the watched users are online and offline; lists without users are left out.
    package static func watchlistEvents(online: [String], offline: [String]) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeStaticString(#"{"events":["#)
        let lists = [("online", online), ("offline", offline)].filter { !$0.1.isEmpty }
        for (index, (name, userIDs)) in lists.enumerated() {
            if index > 0 { data.writeStaticString(",") }
            data.writeString(#"{"name":"\#(name)","user_ids":["#)
            for (position, userID) in userIDs.enumerated() {
                if position > 0 { data.writeStaticString(",") }
                data.writeJSONString(userID)
            }
            data.writeStaticString("]}")
        }
        data.writeStaticString("]}")
        return event(.watchlistEvents, channel: nil, data: data)
    }

    /// An application's event; name and data are in their JSON escapes, without the quotes.
    package static func applicationEvent(
        escapedName: UnsafeRawBufferPointer,
        channel: String,
        escapedData: UnsafeRawBufferPointer,
        userID: String? = nil
    ) -> ByteBuffer {
        let hasUser = userID != nil
        var channel = channel
        var userID = userID ?? ""
        return channel.withUTF8 { channel in
            userID.withUTF8 { user in
                let pieces = EventPieces(
                    name: escapedName,
                    channel: UnsafeRawBufferPointer(channel),
                    data: escapedData,
                    user: hasUser ? UnsafeRawBufferPointer(user) : nil
                )
                return pieces.frame()
            }
        }
    }

    /// An event of the protocol whose data is a JSON text.
    private static func event(_ name: EventName.Server, channel: String?, data: ByteBuffer) -> ByteBuffer {
        frame(capacity: data.readableBytes * 2 + 128) { payload in
            payload.writeStaticString(#"{"event":""#)
            payload.writeString(name.rawValue)
            payload.writeStaticString("\"")
            if let channel {
                payload.writeStaticString(#","channel":"#)
                payload.writeJSONString(channel)
            }
            payload.writeStaticString(#","data":"#)
            data.withUnsafeReadableBytes { payload.writeJSONString(utf8: $0) }
            payload.writeStaticString("}")
        }
    }

    /// Writes a payload behind room for the longest header, then the header right in front of it.
    private static func frame(capacity: Int = 256, _ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
        let room = 10
        var buffer = ByteBuffer()
        buffer.reserveCapacity(room + capacity)
        buffer.writeRepeatingByte(0, count: room)
        write(&buffer)
        let payloadBytes = buffer.readableBytes - room
        let start = room - WebSocketFrame.headerBytes(forPayload: payloadBytes)
        let end = buffer.writerIndex
        buffer.moveWriterIndex(to: start)
        buffer.moveReaderIndex(to: start)
        WebSocketFrame.writeHeader(.text, payloadBytes: payloadBytes, to: &buffer)
        buffer.moveWriterIndex(to: end)
        return buffer
    }
}

extension ByteBuffer {
    fileprivate mutating func writeUserInfo(of member: PresenceMember) {
        if let info = member.userInfo {
            writeBytes(info)
        } else {
            writeStaticString("null")
        }
    }

    fileprivate init(staticString: StaticString) {
        self.init()
        writeStaticString(staticString)
    }
}
