import Digest

/// Builds the HTTP requests that publish events.
struct PublishRequest {
    let target: Target
    let text: EventText

    /// An event for channels, due at a time.
    func event(channels: [String], stamp: UInt64) -> [UInt8] {
        event(channels: channels, data: text.data(stamp: stamp))
    }

    /// An event for channels with data that need no escapes.
    func event(channels: [String], data: String) -> [UInt8] {
        guard let credentials = target.credentials else {
            let channel = channels.first ?? ""
            return plain(channel: channel, body: EventText.delivered(channel: channel, data: data))
        }
        let names = channels.map { "\"\($0)\"" }.joined(separator: ",")
        let place = channels.count == 1 ? "\"channel\":\(names)" : "\"channels\":[\(names)]"
        let body = #"{"name":"\#(EventText.name)",\#(place),"data":"\#(data)"}"#
        return signed(path: "/apps/\(credentials.appID)/events", body: body, credentials)
    }

    /// One event for each channel in one request.
    func batch(channels: [String], stamp: UInt64) -> [UInt8] {
        guard let credentials = target.credentials else {
            return channels.flatMap { event(channels: [$0], stamp: stamp) }
        }
        let data = text.data(stamp: stamp)
        let events = channels.map { #"{"name":"\#(EventText.name)","channel":"\#($0)","data":"\#(data)"}"# }
        let body = #"{"batch":[\#(events.joined(separator: ","))]}"#
        return signed(path: "/apps/\(credentials.appID)/batch_events", body: body, credentials)
    }

    /// A publish in all but its path, whose answer is fixed: `GET /live` with an event's query and body.
    func fixedReply(channel: String, stamp: UInt64) -> [UInt8] {
        let publish = String(decoding: event(channels: [channel], stamp: stamp), as: UTF8.self)
        let query = publish.firstIndex(of: "?").map { publish[$0...] } ?? publish[...]
        return Array("GET /live\(query)".utf8)
    }

    private func plain(channel: String, body: String) -> [UInt8] {
        post(path: "/pub/\(channel)", type: "text/plain", body: body)
    }

    private func signed(path: String, body: String, _ credentials: PusherCredentials) -> [UInt8] {
        let digest = MD5.hash(Array(body.utf8)).hex
        let query =
            "auth_key=\(credentials.key)&auth_timestamp=\(Nanoseconds.calendarSeconds())&auth_version=1.0&body_md5=\(digest)"
        let signature = credentials.signer.sign("POST\n\(path)\n\(query)").hex
        return post(path: "\(path)?\(query)&auth_signature=\(signature)", type: "application/json", body: body)
    }

    private func post(path: String, type: String, body: String) -> [UInt8] {
        let head =
            "POST \(path) HTTP/1.1\r\nHost: \(target.host):\(target.port)\r\nContent-Type: \(type)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n"
        return Array(head.utf8) + Array(body.utf8)
    }
}
