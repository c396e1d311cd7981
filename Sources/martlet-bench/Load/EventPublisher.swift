/// Publishes events to channels by their numbers.
protocol EventPublisher {
    /// Publishes one event to each of the channels, all in one write.
    func publish(to channels: [Int], stamp: UInt64) throws
    /// Nothing that was published waits for its answer.
    var isAnswered: Bool { get }
    /// What the server has refused.
    var complaint: String { get }
}

/// Publishes over one kept-alive HTTP connection, with pipelined requests.
struct HTTPEventPublisher: EventPublisher {
    private let loop: LoadLoop
    private let request: PublishRequest
    private let connection: PublishConnection

    init(_ loop: LoadLoop, text: EventText) throws {
        self.loop = loop
        request = PublishRequest(target: loop.target, text: text)
        try loop.addPublishers(1)
        connection = loop.publishers[loop.publishers.count - 1]
    }

    func publish(to channels: [Int], stamp: UInt64) throws {
        let bytes = channels.flatMap { request.event(channels: [loop.plan.channel($0)], stamp: stamp) }
        try connection.post(bytes, count: channels.count)
    }

    var isAnswered: Bool { connection.outstanding == 0 }

    var complaint: String { connection.lastRefusal }
}
