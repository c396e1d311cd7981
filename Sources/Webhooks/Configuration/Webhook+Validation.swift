import CurlHTTP
package import ServerCore

extension Webhook {
    /// Throws for the first field that cannot work: URL, pattern, header fields, limits.
    package func validate() throws(WebhookConfigurationError) {
        do throws(HTTPTransportError) {
            try HTTPRequest(method: "POST", url: url, headers: headers.map { HTTPField($0.name, $0.value) }).check()
        } catch {
            throw WebhookConfigurationError(key: "webhooks.url or headers", reason: "cannot be sent: \(error.message)")
        }
        if let pattern = filter.channelPattern {
            _ = try ChannelPattern(pattern)
        }
        if let attempts = retry.maxAttempts, attempts < 1 {
            throw WebhookConfigurationError(key: "webhooks.retry.max_attempts", reason: "must be at least 1")
        }
        if let timeout = requestTimeout, timeout <= .zero {
            throw WebhookConfigurationError(key: "webhooks.request_timeout_ms", reason: "must be positive")
        }
    }
}
