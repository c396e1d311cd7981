import NIOCore
import NIOHTTP1
import PusherProtocol

/// The answer to a request to become a WebSocket (RFC 6455 §4.2).
enum WebSocketUpgrade {
    case accepted(Acceptance)
    case refused(HTTPFailure)

    /// A handshake that succeeds.
    ///
    /// Whether the app exists is told inside the socket, where browsers can read it.
    struct Acceptance {
        var connection: ConnectionRequest
        var response: ByteBuffer
    }

    /// Says whether a request asks for a WebSocket.
    static func isRequested(by request: HTTPServerRequest) -> Bool {
        request.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    }

    /// Checks a request and prepares its answer.
    init(_ request: HTTPServerRequest, services: ServerServices) {
        do throws(HTTPFailure) {
            self = .accepted(try Self.accept(request, services: services))
        } catch {
            self = .refused(error)
        }
    }

    private static func accept(
        _ request: HTTPServerRequest,
        services: ServerServices
    ) throws(HTTPFailure) -> Acceptance {
        if services.state.isDraining {
            var failure = HTTPFailure(.serviceUnavailable, "The server is shutting down")
            failure.retryAfterSeconds = 1
            throw failure
        }
        let key = try checkHandshake(request)
        let configuration = services.configuration.listener
        let target = try RequestTarget(request.head.target)
        let connection = ConnectionRequest(
            target: Self.target(of: target, prefix: configuration.pathPrefix),
            origin: request.headers.first(name: "origin"),
            protocolVersion: target.query.value(of: "protocol"),
            libraryVersion: target.query.value(of: "version"),
            clientAddress: ClientAddress.resolve(
                peer: request.peerAddress,
                forwardedFor: request.headers["x-forwarded-for"],
                trustedHops: services.configuration.trustedHops(for: services.configuration.rateLimiter.webSocket)
            )
        )
        let subprotocol = WebSocketHandshake.subprotocol(among: request.headers["sec-websocket-protocol"])
        return Acceptance(connection: connection, response: response(key: key, subprotocol: subprotocol))
    }

    private static func checkHandshake(_ request: HTTPServerRequest) throws(HTTPFailure) -> String {
        let headers = request.headers
        guard request.method == .GET else { throw .methodNotAllowed([.GET]) }
        guard headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }) else {
            throw .badRequest("A WebSocket handshake needs 'Connection: Upgrade'")
        }
        guard headers.first(name: "sec-websocket-version") == WebSocketHandshake.version else {
            throw .webSocketVersion
        }
        let keys = headers["sec-websocket-key"]
        guard keys.count == 1, let key = keys.first, WebSocketHandshake.isValidKey(key) else {
            throw .badRequest("Sec-WebSocket-Key is missing or malformed")
        }
        return key
    }

    private static func target(of target: RequestTarget, prefix: String) -> ConnectionRequest.Target {
        do throws(HTTPFailure) {
            if case .socket(let key) = try Route.match(.GET, target, prefix: prefix) { return .app(key: key) }
        } catch {
            // The client learns of it inside the socket.
        }
        return .unknown
    }

    private static func response(key: String, subprotocol: String?) -> ByteBuffer {
        var response = ByteBuffer()
        response.writeStaticString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        response.writeStaticString("Sec-WebSocket-Accept: ")
        response.writeString(WebSocketHandshake.accept(forKey: key))
        if let subprotocol {
            response.writeStaticString("\r\nSec-WebSocket-Protocol: ")
            response.writeString(subprotocol)
        }
        response.writeStaticString("\r\n\r\n")
        return response
    }
}
