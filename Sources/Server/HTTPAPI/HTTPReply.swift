package import NIOCore
package import NIOHTTP1
import PusherProtocol

/// A complete answer to a request, yet without the headers that the connection adds (length, keep-alive).
package struct HTTPReply: Sendable {
    package var status: HTTPResponseStatus
    /// `nil` for an answer without a body.
    package var contentType: String?
    package var headers: [(name: String, value: String)] = []
    package var body: ByteBuffer

    /// Makes an answer in plain text.
    package init(_ status: HTTPResponseStatus, text: String) {
        self.status = status
        contentType = "text/plain; charset=utf-8"
        body = ByteBuffer(string: text)
    }

    /// Makes an answer in JSON.
    package init(json: ByteBuffer) {
        status = .ok
        contentType = "application/json"
        body = json
    }

    /// Makes an answer without a body.
    package init(empty status: HTTPResponseStatus) {
        self.status = status
        contentType = nil
        body = ByteBuffer()
    }
}

extension HTTPReply {
    /// The success of everything that has nothing to tell; official suites assert that it is exactly `{}`.
    package static let emptyObject = HTTPReply(json: ByteBuffer(string: "{}"))

    /// Answers a publish with `info`, or lists channels: `{"channels":{"a":{…}}}`.
    package static func channels(_ channels: some Sequence<(name: String, attributes: ChannelAttributes)>) -> HTTPReply
    {
        var json = ByteBuffer()
        json.writeStaticString(#"{"channels":{"#)
        var separator: StaticString = ""
        for (name, attributes) in channels {
            json.writeStaticString(separator)
            json.writeJSONString(name)
            json.writeStaticString(":{")
            attributes.writeMembers(to: &json)
            json.writeStaticString("}")
            separator = ","
        }
        json.writeStaticString("}}")
        return HTTPReply(json: json)
    }

    /// Answers a batch in which an event asked for `info`: `{"batch":[{…},{}]}`, one object an event, in their order.
    package static func batch(_ events: some Sequence<ChannelAttributes>) -> HTTPReply {
        var json = ByteBuffer()
        json.writeStaticString(#"{"batch":["#)
        var separator: StaticString = "{"
        for attributes in events {
            json.writeStaticString(separator)
            attributes.writeMembers(to: &json)
            json.writeStaticString("}")
            separator = ",{"
        }
        json.writeStaticString("]}")
        return HTTPReply(json: json)
    }

    /// Describes one channel: `{"occupied":true,…}`.
    package static func channel(
        isOccupied: Bool,
        attributes: ChannelAttributes = ChannelAttributes(),
        cache: CacheAttribute = .notAsked
    ) -> HTTPReply {
        var json = ByteBuffer()
        json.writeStaticString(isOccupied ? #"{"occupied":true"# : #"{"occupied":false"#)
        switch cache {
        case .notAsked:
            break
        case .empty:
            json.writeStaticString(#","cache":null"#)
        case .event(let escapedData, let ttlSeconds):
            json.writeStaticString(#","cache":{"data":""#)
            json.writeBytes(escapedData)
            json.writeStaticString(#"","ttl":"#)
            json.writeString(String(ttlSeconds))
            json.writeStaticString("}")
        }
        if !attributes.isEmpty {
            json.writeStaticString(",")
            attributes.writeMembers(to: &json)
        }
        json.writeStaticString("}")
        return HTTPReply(json: json)
    }

    /// Describes one channel in the deprecated form: `{"occupied":true,"user_count":2,"connection_count":4}`.
    package static func channelStatistics(isOccupied: Bool, userCount: Int?, connectionCount: Int?) -> HTTPReply {
        var json = ByteBuffer()
        json.writeStaticString(isOccupied ? #"{"occupied":true"# : #"{"occupied":false"#)
        if let userCount { json.writeString(#","user_count":\#(userCount)"#) }
        if let connectionCount { json.writeString(#","connection_count":\#(connectionCount)"#) }
        json.writeStaticString("}")
        return HTTPReply(json: json)
    }

    /// Lists the users of a presence channel: `{"users":[{"id":"41"}]}`.
    package static func users(_ userIDs: some Sequence<String>) -> HTTPReply {
        var json = ByteBuffer()
        json.writeStaticString(#"{"users":["#)
        var separator: StaticString = #"{"id":"#
        for userID in userIDs {
            json.writeStaticString(separator)
            json.writeJSONString(userID)
            json.writeStaticString("}")
            separator = #",{"id":"#
        }
        json.writeStaticString("]}")
        return HTTPReply(json: json)
    }
}
