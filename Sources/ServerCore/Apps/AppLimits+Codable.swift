extension AppLimits: Codable {
    /// The keys of `policy.limits`.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case maxConnections = "max_connections"
        case maxClientEventsPerSecond = "max_client_events_per_second"
        case clientEventWindowSeconds = "decay_seconds"
        case terminatesOnClientEventLimit = "terminate_on_limit"
        case messageRate = "message_rate_limit"
        case maxPresenceMembersPerChannel = "max_presence_members_per_channel"
        case maxPresenceMemberKibibytes = "max_presence_member_size_in_kb"
        case maxChannelNameBytes = "max_channel_name_length"
        case maxChannelsPerEvent = "max_event_channels_at_once"
        case maxEventNameBytes = "max_event_name_length"
        case maxEventPayloadKibibytes = "max_event_payload_in_kb"
        case maxBatchEvents = "max_event_batch_size"
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let limits = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys, _ target: inout Int) throws {
            target = try limits.decodeCountIfPresent(forKey: key) ?? target
        }
        try count(.maxConnections, &maxConnections)
        try count(.maxClientEventsPerSecond, &maxClientEventsPerSecond)
        try count(.clientEventWindowSeconds, &clientEventWindowSeconds)
        try count(.maxPresenceMembersPerChannel, &maxPresenceMembersPerChannel)
        try count(.maxChannelNameBytes, &maxChannelNameBytes)
        try count(.maxChannelsPerEvent, &maxChannelsPerEvent)
        try count(.maxEventNameBytes, &maxEventNameBytes)
        try count(.maxBatchEvents, &maxBatchEvents)
        terminatesOnClientEventLimit =
            try limits.decodeIfPresent(Bool.self, forKey: .terminatesOnClientEventLimit) ?? false
        maxPresenceMemberBytes =
            try limits.decodeKibibytesIfPresent(forKey: .maxPresenceMemberKibibytes) ?? maxPresenceMemberBytes
        maxEventPayloadBytes =
            try limits.decodeKibibytesIfPresent(forKey: .maxEventPayloadKibibytes) ?? maxEventPayloadBytes
        let rate = try limits.decodeIfPresent(MessageRateLimitCoding.self, forKey: .messageRate)
        messageRate = rate?.limit
    }

    package func encode(to encoder: any Encoder) throws {
        var limits = encoder.container(keyedBy: CodingKeys.self)
        try limits.encode(maxConnections, forKey: .maxConnections)
        try limits.encode(maxClientEventsPerSecond, forKey: .maxClientEventsPerSecond)
        try limits.encode(clientEventWindowSeconds, forKey: .clientEventWindowSeconds)
        try limits.encode(terminatesOnClientEventLimit, forKey: .terminatesOnClientEventLimit)
        try limits.encode(maxPresenceMembersPerChannel, forKey: .maxPresenceMembersPerChannel)
        try limits.encode(Self.kibibytes(maxPresenceMemberBytes), forKey: .maxPresenceMemberKibibytes)
        try limits.encode(maxChannelNameBytes, forKey: .maxChannelNameBytes)
        try limits.encode(maxChannelsPerEvent, forKey: .maxChannelsPerEvent)
        try limits.encode(maxEventNameBytes, forKey: .maxEventNameBytes)
        try limits.encode(Self.kibibytes(maxEventPayloadBytes), forKey: .maxEventPayloadKibibytes)
        try limits.encode(maxBatchEvents, forKey: .maxBatchEvents)
        if let messageRate {
            try limits.encode(MessageRateLimitCoding(limit: messageRate), forKey: .messageRate)
        }
    }

    /// The stored unit; a part of a kibibyte counts as one.
    private static func kibibytes(_ bytes: Int) -> Int {
        bytes / 1024 + (bytes % 1024 == 0 ? 0 : 1)
    }
}

/// The object `message_rate_limit`, in which a switch of its own decides whether there is a limit.
package struct MessageRateLimitCoding: Codable {
    package var limit: MessageRateLimit?

    /// Makes the object of a limit.
    package init(limit: MessageRateLimit?) {
        self.limit = limit
    }

    /// The keys of the object.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case isEnabled = "enabled"
        case maxMessages = "max_attempts"
        case windowSeconds = "decay_seconds"
        case terminatesOnLimit = "terminate_on_limit"
    }

    package init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: CodingKeys.self)
        var limit = MessageRateLimit()
        limit.maxMessages = try object.decodeCountIfPresent(forKey: .maxMessages) ?? limit.maxMessages
        limit.windowSeconds = try object.decodeCountIfPresent(forKey: .windowSeconds) ?? limit.windowSeconds
        limit.terminatesOnLimit = try object.decodeIfPresent(Bool.self, forKey: .terminatesOnLimit) ?? false
        self.limit = try object.decodeIfPresent(Bool.self, forKey: .isEnabled) ?? false ? limit : nil
    }

    package func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(limit != nil, forKey: .isEnabled)
        guard let limit else { return }
        try object.encode(limit.maxMessages, forKey: .maxMessages)
        try object.encode(limit.windowSeconds, forKey: .windowSeconds)
        try object.encode(limit.terminatesOnLimit, forKey: .terminatesOnLimit)
    }
}
