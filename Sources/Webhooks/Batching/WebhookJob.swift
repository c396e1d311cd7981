import FoundationEssentials

/// One request to one webhook, as it lies in the queue.
///
/// Two lines of JSON: an envelope, `{"v":1,"id":"…","app_id":"…","url":"…","occurrence":0,"time_ms":…}`, and the body
/// exactly as it will be signed and sent. The id tells equal events of two nodes apart for queues that drop duplicates;
/// readers ignore it. The key and the secret are looked up at delivery and never stored.
package struct WebhookJob: Sendable, Equatable {
    package var destination: WebhookDestination
    /// When the oldest event happened, in milliseconds since 1970; retries are given up relative to it.
    package var timeMilliseconds: Int64
    /// The body of the request.
    package var body: [UInt8]
    private var id: UInt64 = 0
    /// The events in the body; 0 in a job that was read from the queue.
    private(set) var eventCount = 0

    /// Makes a job with the body of some events, given as JSON objects in their order.
    init(destination: WebhookDestination, timeMilliseconds: Int64, events: some Sequence<[UInt8]>) {
        self.destination = destination
        self.timeMilliseconds = timeMilliseconds
        id = UInt64.random(in: 0 ... .max)
        var json = JSONText()
        json.append(raw: #"{"time_ms":"#)
        json.append(timeMilliseconds)
        json.append(raw: #","events":["#)
        var isFirst = true
        for event in events {
            if !isFirst { json.append(raw: ",") }
            json.append(contentsOf: event)
            isFirst = false
            eventCount += 1
        }
        json.append(raw: "]}")
        body = json.bytes
    }

    /// Reads a job from the queue; `nil` if it is not one.
    package init?(decoding payload: [UInt8]) {
        guard let end = payload.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let envelope: Envelope
        do {
            envelope = try JSONDecoder().decode(Envelope.self, from: Data(payload[..<end]))
        } catch {
            return nil
        }
        guard envelope.version == 1 else { return nil }
        destination = WebhookDestination(
            appID: envelope.appID,
            url: envelope.url,
            occurrence: envelope.occurrence
        )
        timeMilliseconds = envelope.timeMilliseconds
        body = Array(payload[(end + 1)...])
    }

    /// The bytes for the queue.
    package var encoded: [UInt8] {
        var json = JSONText()
        json.append(raw: #"{"v":1,"id":"#)
        json.append(String(id, radix: 36))
        json.append(raw: #","app_id":"#)
        json.append(destination.appID)
        json.append(raw: #","url":"#)
        json.append(destination.url)
        json.append(raw: #","occurrence":"#)
        json.append(destination.occurrence)
        json.append(raw: #","time_ms":"#)
        json.append(timeMilliseconds)
        json.append(raw: "}\n")
        json.append(contentsOf: body)
        return json.bytes
    }

    private struct Envelope: Decodable {
        var version: Int
        var appID: String
        var url: String
        var occurrence: Int
        var timeMilliseconds: Int64

        enum CodingKeys: String, CodingKey {
            case version = "v"
            case appID = "app_id"
            case url
            case occurrence
            case timeMilliseconds = "time_ms"
        }
    }
}
