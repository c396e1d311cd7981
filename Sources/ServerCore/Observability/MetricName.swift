/// The name of every metric that the server keeps, without the configured prefix.
///
/// Names that Sockudo has keep its spelling, so that dashboards move over. `app_id` and `port` are labels of the
/// app-scoped metrics; no metric has a channel, a user or a socket as a label.
package enum MetricName: String, CaseIterable, Sendable {
    // Connections
    case connected = "connected"
    case newConnections = "new_connections_total"
    case newDisconnections = "new_disconnections_total"
    case connectionErrors = "connection_errors_total"
    case connectionCloses = "connection_closes_total"
    case acceptFailures = "accept_failures_total"
    // Sockets
    case socketReceivedBytes = "socket_received_bytes"
    case socketTransmittedBytes = "socket_transmitted_bytes"
    case messagesReceived = "ws_messages_received_total"
    case messagesSent = "ws_messages_sent_total"
    case clusterEventDrops = "cluster_dropped_events_total"
    case slowConsumerDrops = "slow_consumer_dropped_messages_total"
    case slowConsumerDisconnects = "slow_consumer_disconnects_total"
    // HTTP
    case httpReceivedBytes = "http_received_bytes"
    case httpTransmittedBytes = "http_transmitted_bytes"
    case httpCalls = "http_calls_received_total"
    case httpResponses = "http_responses_total"
    // Channels
    case activeChannels = "active_channels"
    case channelSubscriptions = "channel_subscriptions_total"
    case channelUnsubscriptions = "channel_unsubscriptions_total"
    // Limits, caches
    case rateLimitChecks = "rate_limit_checks_total"
    case rateLimitTriggered = "rate_limit_triggered_total"
    case idempotencyPublishes = "idempotency_publish_total"
    case idempotencyDuplicates = "idempotency_duplicates_total"
    case appCacheLookups = "app_cache_lookups_total"
    case backendFailures = "backend_failures_total"
    // Cluster
    case transportPublished = "horizontal_transport_messages_published_total"
    case transportReceived = "horizontal_transport_messages_received_total"
    case transportDropped = "horizontal_transport_messages_dropped_total"
    case transportReconnections = "horizontal_transport_reconnections_total"
    case transportSubscriptions = "horizontal_transport_subscriptions"
    case transportQueueDepth = "horizontal_transport_queue_depth"
    // Webhooks
    case webhookEvents = "webhook_events_total"
    case webhookEventsDropped = "webhook_events_dropped_total"
    case webhookDeliveries = "webhook_deliveries_total"
    case webhookRetries = "webhook_retries_total"
    case webhookDeadLetters = "webhook_dead_letters_total"
    case webhookDeliverySeconds = "webhook_delivery_seconds"
    case queueClaimed = "queue_claimed_total"
    case queueSettled = "queue_settled_total"
    case queueDepth = "queue_depth"
    case queueOldestSeconds = "queue_oldest_job_age_seconds"
    case queueJobAgeSeconds = "queue_job_age_seconds"
    case queueProcessingSeconds = "queue_processing_duration_seconds"
    // AWS
    case awsRequests = "aws_requests_total"
    case awsRetries = "aws_retries_total"
    case awsThrottles = "aws_throttles_total"
    case awsErrors = "aws_errors_total"
    case awsRequestSeconds = "aws_request_seconds"
    // Process
    case eventLoopLagSeconds = "event_loop_lag_seconds"
    case logLinesDropped = "log_lines_dropped_total"
}
