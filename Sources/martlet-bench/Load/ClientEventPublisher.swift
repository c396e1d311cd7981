/// Publishes as client events from a connection that is subscribed to all channels, which are private ones.
///
/// The cheapest way for an event into a Pusher server: what is measured is the delivery.
struct ClientEventPublisher: EventPublisher {
    private let source: LoadLoop
    private let plan: SubscriptionPlan
    private let text: EventText

    init(_ loop: LoadLoop, text: EventText) throws {
        guard let credentials = loop.target.credentials else { throw BenchError("client events are Pusher's") }
        plan = loop.plan
        self.text = text
        source = try LoadLoop(target: loop.target, plan: loop.plan, capacity: 1)
        var socketID = ""
        source.onEstablished = { socketID = $0 }
        try source.connect(count: 1)
        for channel in plan.channels.dropFirst() {
            try source.send(
                plan.message(channel: channel, user: 0, socketID: socketID, credentials: credentials),
                to: 0
            )
        }
        let expected = plan.channelCount - 1
        try source.turn(
            until: { source.controlFrames >= expected },
            seconds: 10,
            waitingFor: "the publisher's subscriptions"
        )
    }

    func publish(to channels: [Int], stamp: UInt64) throws {
        let data = text.data(stamp: stamp)
        let frames = channels.flatMap { channel in
            ClientFrame.make(
                #"{"event":"client-\#(EventText.name)","channel":"\#(plan.channel(channel))","data":"\#(data)"}"#
            )
        }
        try source.send(frames, to: 0)
    }

    var isAnswered: Bool { true }

    var complaint: String { "" }
}
