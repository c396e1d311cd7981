import Webhooks

/// Webhook batches, deliveries and retries; keys up to `request_timeout_ms` are Sockudo's, the rest is Martlet's own.
enum WebhookKeys {
    static let all: [SettingKey] = batching + retry + deliveries

    private static let batching: [SettingKey] = [
        .flag(
            "webhooks.batching.enabled",
            "WEBHOOK_BATCHING_ENABLED",
            at: \.webhooks.batching.isEnabled,
            "Send several events in one request"
        ),
        .milliseconds(
            "webhooks.batching.duration",
            "WEBHOOK_BATCHING_DURATION",
            at: \.webhooks.batching.duration,
            "Time for which an event waits for others"
        ),
        .number(
            "webhooks.batching.size",
            "WEBHOOK_BATCHING_SIZE",
            at: \.webhooks.batching.size,
            "Events in one request at most"
        ),
    ]

    private static let retry: [SettingKey] = [
        .flag(
            "webhooks.retry.enabled",
            "MARTLET_WEBHOOK_RETRY_ENABLED",
            at: \.webhooks.retry.isEnabled,
            "Repeat deliveries that fail"
        ),
        .limit(
            "webhooks.retry.max_attempts",
            "MARTLET_WEBHOOK_RETRY_MAX_ATTEMPTS",
            at: \.webhooks.retry.maxAttempts,
            "Deliveries of one request at most"
        ),
        .milliseconds(
            "webhooks.retry.max_elapsed_time_ms",
            "MARTLET_WEBHOOK_RETRY_MAX_ELAPSED_TIME_MS",
            at: \.webhooks.retry.maxElapsed,
            "Time after which a request is given up"
        ),
        .milliseconds(
            "webhooks.retry.initial_backoff_ms",
            "MARTLET_WEBHOOK_RETRY_INITIAL_BACKOFF_MS",
            at: \.webhooks.retry.initialBackoff,
            "Longest pause before the second delivery"
        ),
        .milliseconds(
            "webhooks.retry.max_backoff_ms",
            "MARTLET_WEBHOOK_RETRY_MAX_BACKOFF_MS",
            at: \.webhooks.retry.maxBackoff,
            "Longest pause at all"
        ),
    ]

    private static let deliveries: [SettingKey] = [
        .milliseconds(
            "webhooks.request_timeout_ms",
            "MARTLET_WEBHOOK_REQUEST_TIMEOUT_MS",
            at: \.webhooks.requestTimeout,
            "Time for one delivery"
        ),
        .number(
            "webhooks.max_buffered_events",
            "MARTLET_WEBHOOK_MAX_BUFFERED_EVENTS",
            at: \.webhooks.maxBufferedEvents,
            "Events that may wait to be queued; more are dropped and counted"
        ),
        .size(
            "webhooks.max_buffered_bytes",
            "MARTLET_WEBHOOK_MAX_BUFFERED_BYTES",
            in: .number,
            at: \.webhooks.maxBufferedBytes,
            "Bytes of the events that may wait"
        ),
        .number(
            "webhooks.max_deliveries",
            "MARTLET_WEBHOOK_MAX_DELIVERIES",
            at: \.webhooks.maxDeliveries,
            "Deliveries at the same time"
        ),
        .limit(
            "webhooks.max_deliveries_per_webhook",
            "MARTLET_WEBHOOK_MAX_DELIVERIES_PER_WEBHOOK",
            at: \.webhooks.maxDeliveriesPerWebhook,
            "Deliveries to one webhook at the same time"
        ),
        .milliseconds(
            "webhooks.drain_timeout_ms",
            "MARTLET_WEBHOOK_DRAIN_TIMEOUT_MS",
            at: \.webhooks.drainTimeout,
            "Time that shutting down waits for deliveries"
        ),
    ]
}
