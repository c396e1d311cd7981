import ServerCore

extension WebhookEvent {
    /// The event as an object in a webhook's `events` (Pusher Channels docs, "Webhooks").
    var json: [UInt8] {
        var json = JSONText()
        json.append(raw: #"{"name":"#)
        json.append(name)
        json.append(raw: #","channel":"#)
        json.append(channel)
        switch content {
        case .channelOccupied, .channelVacated, .cacheMiss:
            break
        case .memberAdded(let userID), .memberRemoved(let userID):
            json.append(raw: #","user_id":"#)
            json.append(userID)
        case .clientEvent(let event, let data, let socketID, let userID):
            json.append(raw: #","event":"#)
            json.append(event)
            json.append(raw: #","data":"#)
            json.append(data)
            json.append(raw: #","socket_id":"#)
            json.append(socketID)
            if let userID {
                json.append(raw: #","user_id":"#)
                json.append(userID)
            }
        case .subscriptionCount(let count):
            json.append(raw: #","subscription_count":"#)
            json.append(count)
        }
        json.append(raw: "}")
        return json.bytes
    }

    private var name: String {
        WebhookEventTypes.names.first { $0.type == type }?.name ?? ""
    }
}
