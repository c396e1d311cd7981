package import CoreMetrics
import PusherProtocol
import ServerCore
import Synchronization

/// The metric handles of the server that no app owns, made once; per-app handles are in the hub's `AppMetrics`.
package final class ServerMetrics: Sendable {
    let acceptFailures: any CounterHandler
    private let factory: any MetricsFactory
    private let port: String
    private let closes: Mutex<[UInt16: any CounterHandler]> = Mutex([:])
    private let errors: Mutex<[String: any CounterHandler]> = Mutex([:])
    private let responses: Mutex<[UInt: any CounterHandler]> = Mutex([:])
    private let rateLimitChecks: Mutex<[String: any CounterHandler]> = Mutex([:])
    private let rateLimitRefusals: Mutex<[String: any CounterHandler]> = Mutex([:])

    /// Makes the handles; `port` is the listener's, a label of every series.
    package init(factory: any MetricsFactory, port: Int) {
        self.factory = factory
        self.port = String(port)
        acceptFailures = factory.makeCounter(
            label: MetricName.acceptFailures.rawValue,
            dimensions: [("port", String(port))]
        )
    }

    /// Counts a connection that was closed with a code, by the server or by its peer.
    func connectionClosed(code: UInt16) {
        // What peers send is bounded to the codes that mean something, so that they cannot make up series.
        let isKnown = CloseCode(rawValue: code) != nil || (1000...1014).contains(code)
        increment(closes, .connectionCloses, key: isKnown ? code : 0, label: ("code", isKnown ? "\(code)" : "other"))
    }

    /// Counts something that went wrong on a connection; `type` is one of a fixed set.
    func connectionError(_ type: String) {
        increment(errors, .connectionErrors, key: type, label: ("error_type", type))
    }

    /// Counts an HTTP response by its status.
    func responded(status: UInt) {
        responses(status: status).increment(by: 1)
    }

    /// The counter of HTTP responses with a status.
    func responses(status: UInt) -> any CounterHandler {
        counter(responses, .httpResponses, key: status, label: ("status", "\(status)"))
    }

    /// Counts a check of a rate limit, and a refusal.
    func rateLimitChecked(_ limiter: String, isAllowed: Bool) {
        increment(rateLimitChecks, .rateLimitChecks, key: limiter, label: ("limiter_type", limiter))
        if !isAllowed {
            increment(rateLimitRefusals, .rateLimitTriggered, key: limiter, label: ("limiter_type", limiter))
        }
    }

    private func increment<Key: Hashable & Sendable>(
        _ handles: borrowing Mutex<[Key: any CounterHandler]>,
        _ name: MetricName,
        key: Key,
        label: @autoclosure () -> (String, String)
    ) {
        counter(handles, name, key: key, label: label()).increment(by: 1)
    }

    private func counter<Key: Hashable & Sendable>(
        _ handles: borrowing Mutex<[Key: any CounterHandler]>,
        _ name: MetricName,
        key: Key,
        label: @autoclosure () -> (String, String)
    ) -> any CounterHandler {
        if let handle = handles.withLock({ $0[key] }) { return handle }
        let made = factory.makeCounter(label: name.rawValue, dimensions: [label(), ("port", port)])
        handles.withLock { $0[key] = made }
        return made
    }
}
