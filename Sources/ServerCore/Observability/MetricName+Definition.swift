extension MetricName {
    /// Everything about this metric; the compiler proves that no name lacks it.
    package var definition: MetricDefinition {
        MetricDefinition(name: self, kind: kind, help: help, labels: labels, buckets: buckets)
    }

    private var kind: MetricDefinition.Kind {
        switch self {
        case .connected, .activeChannels, .queueDepth, .queueOldestSeconds, .transportSubscriptions,
            .transportQueueDepth:
            .gauge
        case .webhookDeliverySeconds, .queueProcessingSeconds, .queueJobAgeSeconds, .awsRequestSeconds,
            .eventLoopLagSeconds:
            .histogram
        case .socketReceivedBytes, .socketTransmittedBytes, .httpReceivedBytes, .httpTransmittedBytes:
            .untyped
        case .newConnections, .newDisconnections, .connectionErrors, .connectionCloses, .acceptFailures,
            .messagesReceived, .messagesSent, .clusterEventDrops, .slowConsumerDrops, .slowConsumerDisconnects,
            .httpCalls, .httpResponses, .channelSubscriptions, .channelUnsubscriptions,
            .rateLimitChecks, .rateLimitTriggered, .idempotencyPublishes, .idempotencyDuplicates, .appCacheLookups,
            .backendFailures, .transportPublished, .transportReceived, .transportDropped, .transportReconnections,
            .webhookEvents, .webhookEventsDropped, .webhookDeliveries, .webhookRetries,
            .webhookDeadLetters,
            .queueClaimed, .queueSettled, .awsRequests, .awsRetries, .awsThrottles, .awsErrors, .logLinesDropped:
            .counter
        }
    }

    private var help: String {
        switch self {
        case .connected: "Open WebSocket connections."
        case .newConnections: "WebSocket connections that were established."
        case .newDisconnections: "Established WebSocket connections that ended."
        case .connectionErrors: "Errors sent to or caused by WebSocket connections, by type."
        case .connectionCloses: "WebSocket connections closed by the server, by close code."
        case .acceptFailures: "Connections that could not be accepted, such as for want of file descriptors."
        case .socketReceivedBytes: "Bytes of messages received from WebSocket connections."
        case .socketTransmittedBytes: "Bytes of messages sent to WebSocket connections."
        case .messagesReceived: "Messages received from WebSocket connections."
        case .messagesSent: "Messages sent to WebSocket connections."
        case .clusterEventDrops: "Events of other nodes dropped because an event loop was far behind."
        case .slowConsumerDrops: "Messages dropped because a connection did not read fast enough."
        case .slowConsumerDisconnects: "Connections closed because they did not read fast enough."
        case .httpReceivedBytes: "Bytes of request bodies received by the HTTP API."
        case .httpTransmittedBytes: "Bytes of response bodies sent by the HTTP API."
        case .httpCalls: "Requests received by the HTTP API."
        case .httpResponses: "Responses sent by the HTTP API, by status."
        case .activeChannels: "Channels with at least one local subscriber, by type."
        case .channelSubscriptions: "Subscriptions to channels, by type."
        case .channelUnsubscriptions: "Ends of subscriptions to channels, by type."
        case .rateLimitChecks: "Requests that a rate limiter decided on."
        case .rateLimitTriggered: "Requests that a rate limiter refused."
        case .idempotencyPublishes: "Publish requests with an idempotency key."
        case .idempotencyDuplicates: "Publish requests answered from an earlier one with the same idempotency key."
        case .appCacheLookups: "Lookups of apps, by what the cache had: hit, miss, stale, negative or error."
        case .backendFailures: "Calls to a shared cache or rate limiter that failed, by role."
        case .transportPublished: "Messages to other nodes that the cluster's transport took."
        case .transportReceived: "Messages received from the cluster's transport, also those of this node."
        case .transportDropped: "Messages to other nodes that were dropped because there was no way for too long."
        case .transportReconnections: "Lost connections of the cluster's transport that were made again."
        case .transportSubscriptions: "Topics that this node has asked the cluster's transport for."
        case .transportQueueDepth: "Messages to other nodes that are under way or wait for a way."
        case .webhookEvents: "Webhook events taken in, by type."
        case .webhookEventsDropped: "Webhook events dropped before they became a job, by reason."
        case .webhookDeliveries: "Webhook requests that ended, by result."
        case .webhookRetries: "Webhook jobs given back to be tried again."
        case .webhookDeadLetters: "Webhook jobs given up."
        case .webhookDeliverySeconds: "Time from sending a webhook request to its end."
        case .queueClaimed: "Jobs received from the queue."
        case .queueSettled: "Jobs that left the queue's consumer, by outcome."
        case .queueDepth: "Jobs in the queue, by state."
        case .queueOldestSeconds: "Age of the oldest job that waits, as far as this node's receiver can tell."
        case .queueJobAgeSeconds: "Age of a job's oldest event when the job is received."
        case .queueProcessingSeconds: "Time from receiving a job to settling it."
        case .awsRequests: "Requests sent to AWS, each attempt for itself."
        case .awsRetries: "Requests to AWS that were sent again."
        case .awsThrottles: "Requests that AWS refused to slow the sender down."
        case .awsErrors: "Requests to AWS that failed, by kind."
        case .awsRequestSeconds: "Time from sending a request to AWS to its answer; long polls wait on purpose."
        case .eventLoopLagSeconds: "How late timers of an event loop run."
        case .logLinesDropped: "Log lines that the flood guard suppressed or that could not be written."
        }
    }

    private var labels: [MetricLabel] {
        switch self {
        case .connected, .newConnections, .newDisconnections, .socketReceivedBytes, .socketTransmittedBytes,
            .messagesReceived, .messagesSent, .clusterEventDrops, .slowConsumerDrops, .slowConsumerDisconnects,
            .httpReceivedBytes, .httpTransmittedBytes, .httpCalls, .idempotencyPublishes, .idempotencyDuplicates:
            [.appID, .port]
        case .connectionErrors: [.appID, .port, .errorType]
        case .connectionCloses: [.appID, .port, .code]
        case .acceptFailures: [.port]
        case .httpResponses: [.appID, .port, .status]
        case .activeChannels, .channelSubscriptions, .channelUnsubscriptions: [.appID, .port, .channelType]
        case .rateLimitChecks, .rateLimitTriggered: [.appID, .port, .limiterType, .requestContext]
        case .appCacheLookups: [.result]
        case .backendFailures: [.role]
        case .transportPublished, .transportReceived, .transportDropped, .transportReconnections,
            .transportSubscriptions, .transportQueueDepth:
            [.driver]
        case .webhookEvents: [.appID, .eventType]
        case .webhookEventsDropped: [.reason]
        case .webhookDeliveries: [.appID, .result]
        case .webhookRetries, .webhookDeadLetters: [.appID]
        case .webhookDeliverySeconds, .queueClaimed, .queueProcessingSeconds, .queueOldestSeconds, .queueJobAgeSeconds,
            .logLinesDropped:
            []
        case .awsRequests, .awsRetries, .awsThrottles, .awsRequestSeconds: [.service, .operation]
        case .awsErrors: [.service, .operation, .errorType]
        case .queueSettled: [.outcome]
        case .queueDepth: [.state]
        case .eventLoopLagSeconds: [.loop]
        }
    }

    private var buckets: [Double] {
        switch self {
        case .webhookDeliverySeconds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
        // Retries make a job last for minutes.
        case .queueProcessingSeconds, .queueJobAgeSeconds: [0.005, 0.025, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300]
        case .awsRequestSeconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]
        case .eventLoopLagSeconds: [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1]
        default: []
        }
    }
}
