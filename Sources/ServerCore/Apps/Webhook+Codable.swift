/// The JSON of a webhook, with Sockudo's names.
///
/// Event types that are not known are skipped. Instead of a URL there may be a Lambda function, in either of Sockudo's
/// forms; a URL beside it counts. Headers are an object; they are kept in the order of their names.
extension Webhook: Codable {
    /// The keys of a webhook.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case url
        case lambda
        case lambdaName = "lambda_function"
        case eventTypes = "event_types"
        case filter
        case headers
        case retry
        case requestTimeoutMilliseconds = "request_timeout_ms"
    }

    package init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: CodingKeys.self)
        let names = try object.decodeIfPresent([String].self, forKey: .eventTypes) ?? []
        self.init(
            url: try object.decodeIfPresent(String.self, forKey: .url) ?? "",
            eventTypes: WebhookEventTypes(names.compactMap(WebhookEventTypes.init(name:)))
        )
        if url.isEmpty {
            let name = try object.decodeIfPresent(String.self, forKey: .lambdaName)
            lambda =
                try object.decodeIfPresent(LambdaFunction.self, forKey: .lambda)
                ?? name.map { LambdaFunction(name: $0) }
            url = lambda?.url ?? ""
        }
        filter = try object.decodeIfPresent(WebhookFilter.self, forKey: .filter) ?? WebhookFilter()
        headers = (try object.decodeIfPresent([String: String].self, forKey: .headers) ?? [:])
            .sorted { $0.key < $1.key }
            .map { HeaderField(name: $0.key, value: $0.value) }
        retry = try object.decodeIfPresent(WebhookRetry.self, forKey: .retry) ?? WebhookRetry()
        requestTimeout = try object.decodeMillisecondsIfPresent(forKey: .requestTimeoutMilliseconds)
    }

    package func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        if let lambda {
            try object.encode(lambda, forKey: .lambda)
        } else {
            try object.encode(url, forKey: .url)
        }
        let names = WebhookEventTypes.names.filter { eventTypes.contains($0.type) }.map(\.name)
        try object.encode(names, forKey: .eventTypes)
        if filter != WebhookFilter() {
            try object.encode(filter, forKey: .filter)
        }
        if !headers.isEmpty {
            let fields = Dictionary(headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            try object.encode(fields, forKey: .headers)
        }
        if retry != WebhookRetry() {
            try object.encode(retry, forKey: .retry)
        }
        try object.encodeIfPresent(requestTimeout?.wholeMilliseconds, forKey: .requestTimeoutMilliseconds)
    }
}

extension WebhookFilter: Codable {
    /// The keys of a filter.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case channelPrefix = "channel_prefix"
        case channelSuffix = "channel_suffix"
        case channelPattern = "channel_pattern"
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let object = try decoder.container(keyedBy: CodingKeys.self)
        channelPrefix = try object.decodeIfPresent(String.self, forKey: .channelPrefix)
        channelSuffix = try object.decodeIfPresent(String.self, forKey: .channelSuffix)
        channelPattern = try object.decodeIfPresent(String.self, forKey: .channelPattern)
    }

    package func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encodeIfPresent(channelPrefix, forKey: .channelPrefix)
        try object.encodeIfPresent(channelSuffix, forKey: .channelSuffix)
        try object.encodeIfPresent(channelPattern, forKey: .channelPattern)
    }
}

extension WebhookRetry: Codable {
    /// The keys of a retry override.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case isEnabled = "enabled"
        case maxAttempts = "max_attempts"
        case maxElapsedMilliseconds = "max_elapsed_time_ms"
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        let object = try decoder.container(keyedBy: CodingKeys.self)
        isEnabled = try object.decodeIfPresent(Bool.self, forKey: .isEnabled)
        maxAttempts = try object.decodeCountIfPresent(forKey: .maxAttempts)
        maxElapsed = try object.decodeMillisecondsIfPresent(forKey: .maxElapsedMilliseconds)
    }

    package func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encodeIfPresent(isEnabled, forKey: .isEnabled)
        try object.encodeIfPresent(maxAttempts, forKey: .maxAttempts)
        try object.encodeIfPresent(maxElapsed?.wholeMilliseconds, forKey: .maxElapsedMilliseconds)
    }
}
