/// Whether a peer is there: any message proves it, silence is probed, and an unanswered probe ends the connection
/// (Pusher protocol 7, "Ping and pong").
struct LivenessState {
    private var lastHeard: UInt32
    private var probedAt: UInt32?

    /// What silence calls for.
    enum Action: Equatable {
        case none
        case probe
        case close
    }

    /// Starts with a peer that has just been heard.
    init(now: UInt32) {
        lastHeard = now
    }

    /// Something came from the peer.
    mutating func heard(now: UInt32) {
        lastHeard = now
        probedAt = nil
    }

    /// Time has passed; all times are seconds of the loop's clock.
    mutating func tick(now: UInt32, activityTimeout: UInt32, pongTimeout: UInt32) -> Action {
        if let probedAt {
            return now &- probedAt >= pongTimeout ? .close : .none
        }
        // The clock's step was up to a second before the peer was heard.
        guard now &- lastHeard > activityTimeout else { return .none }
        probedAt = now
        return .probe
    }
}
