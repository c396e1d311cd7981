/// The `policy` object of an app as stores keep it.
package struct AppPolicy: Sendable, Equatable, Codable {
    package var limits: AppLimits
    package var features: AppFeatures
    package var allowedOrigins: [String]
    package var webhooks: [Webhook]
    package var idempotency: AppIdempotency

    /// Makes a policy.
    package init(
        limits: AppLimits = AppLimits(),
        features: AppFeatures = AppFeatures(),
        allowedOrigins: [String] = [],
        webhooks: [Webhook] = [],
        idempotency: AppIdempotency = AppIdempotency()
    ) {
        self.limits = limits
        self.features = features
        self.allowedOrigins = allowedOrigins
        self.webhooks = webhooks
        self.idempotency = idempotency
    }

    /// The sections of a policy.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case limits
        case features
        case channels
        case webhooks
        case idempotency
    }

    /// The keys of the section `channels`.
    package enum ChannelsKeys: String, CodingKey, CaseIterable {
        case allowedOrigins = "allowed_origins"
    }

    package init(from decoder: any Decoder) throws {
        let sections = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            limits: try sections.decodeIfPresent(AppLimits.self, forKey: .limits) ?? AppLimits(),
            features: try sections.decodeIfPresent(AppFeatures.self, forKey: .features) ?? AppFeatures(),
            webhooks: try sections.decodeIfPresent([Webhook].self, forKey: .webhooks) ?? [],
            idempotency: try sections.decodeIfPresent(AppIdempotency.self, forKey: .idempotency) ?? AppIdempotency()
        )
        if sections.contains(.channels), try !sections.decodeNil(forKey: .channels) {
            let channels = try sections.nestedContainer(keyedBy: ChannelsKeys.self, forKey: .channels)
            allowedOrigins = try channels.decodeIfPresent([String].self, forKey: .allowedOrigins) ?? []
        }
    }

    /// Reads the older form, in which the fields of all sections are beside each other.
    package init(flat decoder: any Decoder) throws {
        let sections = try decoder.container(keyedBy: CodingKeys.self)
        let channels = try decoder.container(keyedBy: ChannelsKeys.self)
        self.init(
            limits: try AppLimits(from: decoder),
            features: try AppFeatures(from: decoder),
            allowedOrigins: try channels.decodeIfPresent([String].self, forKey: .allowedOrigins) ?? [],
            webhooks: try sections.decodeIfPresent([Webhook].self, forKey: .webhooks) ?? [],
            idempotency: try sections.decodeIfPresent(AppIdempotency.self, forKey: .idempotency) ?? AppIdempotency()
        )
    }

    package func encode(to encoder: any Encoder) throws {
        var sections = encoder.container(keyedBy: CodingKeys.self)
        try sections.encode(limits, forKey: .limits)
        try sections.encode(features, forKey: .features)
        var channels = sections.nestedContainer(keyedBy: ChannelsKeys.self, forKey: .channels)
        if !allowedOrigins.isEmpty {
            try channels.encode(allowedOrigins, forKey: .allowedOrigins)
        }
        try sections.encode(webhooks, forKey: .webhooks)
        if idempotency != AppIdempotency() {
            try sections.encode(idempotency, forKey: .idempotency)
        }
    }
}
