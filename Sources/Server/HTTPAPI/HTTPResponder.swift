import ChannelHub
import CoreMetrics
import NIOCore
import NIOHTTP1
import ServerCore

/// Finds the answer to an HTTP request: limits, then the app, then its signature, then the route.
///
/// Answers come at once, on the same turn of the event loop, wherever the app is cached and the limiter is local; the
/// closure is always called once and on the loop. Threading: the connection's event loop only.
struct HTTPResponder {
    let services: ServerServices
    let loop: LoopServices
    private var eventLoop: any EventLoop { loop.eventLoop }

    init(services: ServerServices, loop: LoopServices) {
        self.services = services
        self.loop = loop
    }

    typealias Completion = (HTTPReply) -> Void

    /// Answers a request.
    func respond(to request: HTTPServerRequest, _ completion: @escaping Completion) {
        // Servers call without an origin, so their answers need no marks.
        guard request.method == .OPTIONS || request.head.marks.contains(.origin) else {
            route(request, completion)
            return
        }
        let cors = CrossOrigin(services.configuration.cors, request: request)
        if let preflight = cors.preflight {
            completion(cors.mark(preflight))
        } else {
            route(request) { completion(cors.mark($0)) }
        }
    }

    private func route(_ request: HTTPServerRequest, _ complete: @escaping Completion) {
        do throws(HTTPFailure) {
            let target = try RequestTarget(request.head.target)
            let prefix = services.configuration.listener.pathPrefix
            let route = try Route.match(request.method, target, prefix: prefix)
            dispatch(route, request, target, complete)
        } catch {
            complete(error.reply)
        }
    }

    private func dispatch(
        _ route: Route,
        _ request: HTTPServerRequest,
        _ target: RequestTarget,
        _ complete: @escaping Completion
    ) {
        switch route {
        case .socket:
            complete(HTTPFailure(.upgradeRequired, "This path takes WebSocket connections only").reply)
        case .liveness:
            complete(HTTPReply(empty: .ok))
        case .readiness, .health, .statistics, .usage:
            OperationsRoutes(services: services, eventLoop: eventLoop).respond(to: route, request, complete)
        default:
            guard services.isLimiting else {
                callAPI(route, request, target, complete)
                return
            }
            let address = ClientAddress.resolve(
                peer: request.peerAddress,
                forwardedFor: request.headers["x-forwarded-for"],
                trustedHops: services.configuration.trustedHops(for: services.configuration.rateLimiter.api)
            )
            limit(services.configuration.rateLimiter.api, name: "api", address: address) { refusal, headers in
                let mark: Completion = { reply in
                    var reply = reply
                    reply.headers.append(contentsOf: headers)
                    complete(reply)
                }
                if let refusal {
                    mark(refusal)
                } else {
                    self.callAPI(route, request, target, mark)
                }
            }
        }
    }

    // MARK: The API

    private func callAPI(
        _ route: Route,
        _ request: HTTPServerRequest,
        _ target: RequestTarget,
        _ complete: @escaping Completion
    ) {
        if let appID = route.appID, let app = services.apps.cachedApp(id: appID) {
            callAPI(APICall(route: route, request: request, target: target, app: app), complete)
            return
        }
        let found = { (lookup: Result<ActiveApp?, BackendError>) in
            switch lookup {
            case .success(let app?):
                self.callAPI(APICall(route: route, request: request, target: target, app: app), complete)
            case .success(nil):
                complete(HTTPFailure.notFound("The app does not exist").reply)
            case .failure:
                complete(HTTPFailure(.serviceUnavailable, "The app cannot be looked up now").reply)
            }
        }
        if let appID = route.appID {
            services.apps.withApp(id: appID, on: eventLoop, found)
        } else if let key = target.query.value(of: "auth_key") {
            services.apps.withApp(key: key, on: eventLoop, found)
        } else {
            complete(HTTPFailure.unauthorized("Missing required parameter: auth_key").reply)
        }
    }

    private func callAPI(_ call: APICall, _ complete: @escaping Completion) {
        let metrics = call.app.metrics
        metrics.httpCalls.increment(by: 1)
        metrics.httpReceivedBytes.increment(by: Int64(call.request.body.readableBytes))
        do throws(HTTPFailure) {
            let form = try call.verify(
                prefixBytes: Route.prefixLength(services.configuration.listener.pathPrefix),
                loop.signatures
            )
            guard call.policies.app.isEnabled else { throw HTTPFailure(.forbidden, "The app is disabled") }
            try perform(call, form: form, complete)
        } catch {
            finish(call, error.reply, complete)
        }
    }

    private func finish(_ call: APICall, _ reply: HTTPReply, _ complete: Completion) {
        call.count(reply)
        complete(reply)
    }

    private func perform(
        _ call: APICall,
        form: QueryString.Form,
        _ complete: @escaping Completion
    ) throws(HTTPFailure) {
        switch call.route {
        case .publish, .publishBatch, .publishRaw:
            let routes = PublishRoutes(services: services, eventLoop: eventLoop)
            if let reply = try routes.respond(to: call, form: form, complete) { finish(call, reply, complete) }
        case .terminateConnections(_, let userID):
            let code = UInt16(clamping: services.configuration.connection.terminateCloseCode)
            services.hub.closeConnections(
                ofUser: userID,
                app: call.app,
                code: code,
                reason: "You got disconnected by the app"
            )
            finish(call, .emptyObject, complete)
        case .forceReconnect(_, let userID):
            services.hub.closeConnections(ofUser: userID, app: call.app, code: 4200, reason: "Please reconnect")
            finish(call, .emptyObject, complete)
        default:
            let routes = ChannelRoutes(hub: services.hub)
            eventLoop.makeFutureWithTask { await routes.reply(to: call) }.assumeIsolated().whenSuccess {
                finish(call, $0, complete)
            }
        }
    }

    // MARK: Limits

    /// Counts a new WebSocket connection against its address; calls the closure with the refusal, if it is one.
    func limitConnects(from address: String, _ completion: @escaping (HTTPReply?) -> Void) {
        limit(services.configuration.rateLimiter.webSocket, name: "websocket_connect", address: address) { refusal, _ in
            completion(refusal)
        }
    }

    private func limit(
        _ limit: AddressRateLimit,
        name: String,
        address: String,
        _ completion: @escaping (HTTPReply?, [(name: String, value: String)]) -> Void
    ) {
        guard services.isLimiting, let limiter = services.backends.rateLimiter else {
            completion(nil, [])
            return
        }
        let key = "rl:\(name):\(address)"
        if let decision = limiter.consumeImmediately(key, limit: limit.limit) {
            decide(decision, name: name, completion)
            return
        }
        let bound = limit.limit
        eventLoop.makeFutureWithTask { try await limiter.consume(key, limit: bound) }
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let decision): self.decide(decision, name: name, completion)
                case .failure:
                    // A limiter that cannot be reached must not let everything through unseen.
                    completion(HTTPFailure(.serviceUnavailable, "The rate limiter cannot be reached").reply, [])
                }
            }
    }

    private func decide(
        _ decision: RateDecision,
        name: String,
        _ completion: (HTTPReply?, [(name: String, value: String)]) -> Void
    ) {
        services.metrics.rateLimitChecked(name, isAllowed: decision.isAllowed)
        let headers = [
            (name: "X-RateLimit-Limit", value: String(decision.limit)),
            (name: "X-RateLimit-Remaining", value: String(decision.remaining)),
            (name: "X-RateLimit-Reset", value: String(decision.resetSeconds)),
        ]
        guard !decision.isAllowed else {
            completion(nil, headers)
            return
        }
        var failure = HTTPFailure(.tooManyRequests, "Too Many Requests: come back in \(decision.resetSeconds) seconds")
        failure.retryAfterSeconds = decision.resetSeconds
        completion(failure.reply, headers)
    }
}
