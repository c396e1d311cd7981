package import NIOHTTP1
import PusherProtocol

/// A request that is refused: its status and the plain text that tells why (Pusher Channels docs, "HTTP API").
package struct HTTPFailure: Error, Equatable {
    package var status: HTTPResponseStatus
    package var message: String
    /// The methods that the path does have, for status 405.
    package var allow: [HTTPMethod] = []
    /// The WebSocket version to come back with, for status 426 (RFC 6455 §4.4).
    package var webSocketVersion: String?
    /// When to come back, for status 429 and 503.
    package var retryAfterSeconds: Int?

    /// Makes a failure.
    package init(_ status: HTTPResponseStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// A request that is malformed.
    package static func badRequest(_ message: String) -> HTTPFailure {
        HTTPFailure(.badRequest, message)
    }

    /// A request that is not signed as it must be.
    package static func unauthorized(_ message: String) -> HTTPFailure {
        HTTPFailure(.unauthorized, message)
    }

    /// A path or an app that does not exist.
    package static func notFound(_ message: String) -> HTTPFailure {
        HTTPFailure(.notFound, message)
    }

    /// A path that exists with other methods.
    package static func methodNotAllowed(_ allowed: [HTTPMethod]) -> HTTPFailure {
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        var failure = HTTPFailure(.methodNotAllowed, "This path takes \(names)")
        failure.allow = allowed
        return failure
    }

    /// A WebSocket handshake of another version than the one that is spoken here.
    package static var webSocketVersion: HTTPFailure {
        var failure = HTTPFailure(.upgradeRequired, "Only WebSocket version 13 is supported")
        failure.webSocketVersion = WebSocketHandshake.version
        return failure
    }

    /// The reply that carries the failure.
    package var reply: HTTPReply {
        var reply = HTTPReply(status, text: message)
        if !allow.isEmpty {
            reply.headers.append(("Allow", allow.map(\.rawValue).joined(separator: ", ")))
        }
        if let webSocketVersion {
            reply.headers.append(("Sec-WebSocket-Version", webSocketVersion))
        }
        if let retryAfterSeconds {
            reply.headers.append(("Retry-After", String(retryAfterSeconds)))
        }
        return reply
    }
}
