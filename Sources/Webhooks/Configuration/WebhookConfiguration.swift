package import ServerCore

/// How webhooks are batched, tried and retried; the section `webhooks` of the configuration.
package struct WebhookConfiguration: Sendable, Equatable {
    package var batching = Batching()
    package var retry = Retry()
    /// The time for one delivery (`request_timeout_ms`).
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

    /// Lists what cannot work; empty when everything can.
    package func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(batching.duration >= .zero, "webhooks.batching.duration", "must be at least 0")
        problems.require((1...10_000).contains(batching.size), "webhooks.batching.size", "must be 1 to 10000")
        problems.require(retry.maxAttempts ?? 1 >= 1, "webhooks.retry.max_attempts", "must be at least 1")
        problems.require(retry.maxElapsed >= .zero, "webhooks.retry.max_elapsed_time_ms", "must be at least 0")
        problems.require(retry.initialBackoff > .zero, "webhooks.retry.initial_backoff_ms", "must be at least 1")
        problems.require(
            retry.maxBackoff >= retry.initialBackoff,
            "webhooks.retry.max_backoff_ms",
            "must not be less than webhooks.retry.initial_backoff_ms"
        )
        problems.require(requestTimeout > .zero, "webhooks.request_timeout_ms", "must be at least 1")
        problems.require(maxBufferedEvents >= 1, "webhooks.max_buffered_events", "must be at least 1")
        problems.require(maxBufferedBytes >= 1, "webhooks.max_buffered_bytes", "must be at least 1")
        problems.require((1...10_000).contains(maxDeliveries), "webhooks.max_deliveries", "must be 1 to 10000")
        problems.require(
            (1...max(1, maxDeliveries)).contains(maxDeliveriesPerWebhook ?? 1),
            "webhooks.max_deliveries_per_webhook",
            "must be 1 to webhooks.max_deliveries"
        )
        problems.require(drainTimeout >= .zero, "webhooks.drain_timeout_ms", "must be at least 0")
        return problems
    }
}
