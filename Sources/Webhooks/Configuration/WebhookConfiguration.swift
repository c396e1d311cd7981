/// How webhooks are batched, tried and retried; the section `webhooks` of the configuration.
package struct WebhookConfiguration: Sendable, Equatable {
    package var batching = Batching()
    package var retry = Retry()
    /// The time for one delivery (`request_timeout_ms`); at most half of the queue's lease is used.
    package var requestTimeout = Duration.seconds(10)
    /// Events that wait to become jobs; the next is dropped and counted.
    package var maxBufferedEvents = 10_000
    /// The bytes of those events, roughly.
    package var maxBufferedBytes = 64 << 20
    /// Deliveries at the same time.
    package var maxDeliveries = 64
    /// Deliveries to one webhook at the same time.
    ///
    /// `nil` is one with batching, which keeps the order of an app's events as long as the endpoint answers, and four
    /// without.
    package var maxDeliveriesPerWebhook: Int?
    /// The time that shutting down waits for deliveries.
    package var drainTimeout = Duration.seconds(10)
    /// Whether shutting down empties the queue: right for one in memory, wrong for one that other nodes consume.
    package var drainsQueue = true

    /// Makes the defaults.
    package init() {}

    /// How events become requests.
    package struct Batching: Sendable, Equatable {
        /// Off, every event is a request of its own.
        package var isEnabled = true
        /// How long an event may wait for others (`duration`, ms).
        package var duration = Duration.milliseconds(50)
        /// The most events in one request.
        package var size = 100
    }

    /// How failed deliveries are repeated: exponential back-off with full jitter.
    package struct Retry: Sendable, Equatable {
        package var isEnabled = true
        /// Tries in all; `nil` is as many as the time allows.
        package var maxAttempts: Int?
        /// The time since the oldest event of a request after which it is given up (`max_elapsed_time_ms`).
        package var maxElapsed = Duration.seconds(300)
        /// The longest wait before the second try (`initial_backoff_ms`); it doubles with each try.
        package var initialBackoff = Duration.seconds(1)
        /// The longest wait at all (`max_backoff_ms`).
        package var maxBackoff = Duration.seconds(60)
    }

    /// The deliveries to one webhook at the same time, decided.
    var deliveriesPerWebhook: Int {
        maxDeliveriesPerWebhook ?? (batching.isEnabled ? 1 : min(4, maxDeliveries))
    }

    /// Throws for the first value that cannot work.
    package func validate() throws(WebhookConfigurationError) {
        try Self.check(batching.duration >= .zero, "webhooks.batching.duration", "must not be negative")
        try Self.check((1...10_000).contains(batching.size), "webhooks.batching.size", "must be from 1 to 10000")
        try Self.check(retry.maxAttempts ?? 1 >= 1, "webhooks.retry.max_attempts", "must be at least 1")
        try Self.check(retry.maxElapsed >= .zero, "webhooks.retry.max_elapsed_time_ms", "must not be negative")
        try Self.check(retry.initialBackoff > .zero, "webhooks.retry.initial_backoff_ms", "must be positive")
        try Self.check(
            retry.maxBackoff >= retry.initialBackoff,
            "webhooks.retry.max_backoff_ms",
            "must not be less than webhooks.retry.initial_backoff_ms"
        )
        try Self.check(requestTimeout > .zero, "webhooks.request_timeout_ms", "must be positive")
        try Self.check(maxBufferedEvents >= 1, "webhooks.max_buffered_events", "must be at least 1")
        try Self.check(maxBufferedBytes >= 1, "webhooks.max_buffered_bytes", "must be at least 1")
        try Self.check((1...10_000).contains(maxDeliveries), "webhooks.max_deliveries", "must be from 1 to 10000")
        try Self.check(
            (1...maxDeliveries).contains(maxDeliveriesPerWebhook ?? 1),
            "webhooks.max_deliveries_per_webhook",
            "must be from 1 to webhooks.max_deliveries"
        )
        try Self.check(drainTimeout >= .zero, "webhooks.drain_timeout_ms", "must not be negative")
    }

    private static func check(_ isValid: Bool, _ key: String, _ reason: String) throws(WebhookConfigurationError) {
        guard isValid else { throw WebhookConfigurationError(key: key, reason: reason) }
    }
}

/// A setting about webhooks that cannot work.
package struct WebhookConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The key of the setting, or of the field in an app's webhook.
    package var key: String
    /// What is wrong and what would be right.
    package var reason: String

    package var description: String {
        "\(key) \(reason)"
    }
}
