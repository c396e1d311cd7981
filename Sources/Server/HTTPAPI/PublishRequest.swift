package import NIOCore
import PusherProtocol
package import ServerCore

/// An event to publish, as one request or one entry of a batch describes it; everything in it has been checked.
package struct PublishRequest: Sendable, Equatable {
    package var name: String
    /// The channels, each once, in the order given.
    package var channels: [String]
    package var data: EventData
    /// The connection that does not get the event.
    package var socketID: String?
    package var info: InfoAttributes
    package var idempotencyKey: String?

    /// Reads the body of `POST /events`: one pass, without an object tree; unknown members are checked and ignored.
    ///
    /// - Parameters:
    ///   - body: the whole body.
    ///   - limits: the app's limits.
    ///   - maxKeyBytes: the longest idempotency key.
    /// - Throws: status 400 for what is malformed, missing or too many, 413 for too much data.
    package init(
        body: ByteBuffer,
        limits: AppLimits,
        maxKeyBytes: Int = Self.defaultMaxKeyBytes
    ) throws(HTTPFailure) {
        var fields = EventFields()
        try fields.read(body, channelLimit: limits.maxChannelsPerEvent)
        self = try fields.request(body: body, limits: limits, maxKeyBytes: maxKeyBytes)
    }

    /// Reads the discouraged form of `POST /events` that has its parameters in the query and no body.
    package init(
        query: QueryString,
        form: QueryString.Form,
        limits: AppLimits,
        maxKeyBytes: Int = Self.defaultMaxKeyBytes
    ) throws(HTTPFailure) {
        // A raw form verified a signature; the values mean what they mean decoded.
        let form = form == .raw ? .percentDecoded : form
        var fields = EventFields()
        fields.setCommonParameters(query, form: form)
        let lists = query.values(of: "channels", as: form).flatMap { $0.split(separator: ",").map(String.init) }
        let names = query.values(of: "channels[]", as: form) + lists + query.values(of: "channel", as: form)
        fields.setChannels(names, limit: limits.maxChannelsPerEvent)
        fields.data = query.value(of: "data", as: form).map { EventData(text: ByteBuffer(string: $0)) }
        self = try fields.checked(limits: limits, maxKeyBytes: maxKeyBytes)
    }

    /// Reads the deprecated form: channel in the path, name and socket id in the query, the body is the data.
    package init(
        rawBody: ByteBuffer,
        channel: String,
        query: QueryString,
        form: QueryString.Form,
        limits: AppLimits
    ) throws(HTTPFailure) {
        let form = form == .raw ? .percentDecoded : form
        guard String(validating: rawBody.readableBytesView, as: UTF8.self) != nil else {
            throw .badRequest("The body is not UTF-8")
        }
        var fields = EventFields()
        fields.setCommonParameters(query, form: form)
        fields.setChannels([channel], limit: 1)
        fields.data = EventData(text: rawBody)
        self = try fields.checked(limits: limits, maxKeyBytes: Self.defaultMaxKeyBytes)
    }

    /// Makes a request from fields that have been checked.
    init(
        name: String,
        channels: [String],
        data: EventData,
        socketID: String?,
        info: InfoAttributes,
        idempotencyKey: String?
    ) {
        self.name = name
        self.channels = channels
        self.data = data
        self.socketID = socketID
        self.info = info
        self.idempotencyKey = idempotencyKey
    }

    /// The longest idempotency key unless configured otherwise.
    package static let defaultMaxKeyBytes = 128
}
