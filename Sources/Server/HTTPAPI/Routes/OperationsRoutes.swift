import ChannelHub
import NIOCore
import NIOHTTP1
import ServerCore

/// Health and statistics, which load balancers and operators read.
struct OperationsRoutes {
    let services: ServerServices
    let eventLoop: any EventLoop

    /// Answers a request on the public port.
    func respond(to route: Route, _ request: HTTPServerRequest, _ complete: @escaping (HTTPReply) -> Void) {
        switch route {
        case .health(let appID): answerHealth(appID: appID, complete)
        case .readiness:
            let verdict = services.state.isDraining ? HealthCheck.Verdict.draining : .healthy
            complete(Self.reply(verdict))
        case .statistics, .usage: complete(statistics(route, request))
        default: complete(HTTPFailure.notFound("Path not found").reply)
        }
    }

    private func answerHealth(appID: String?, _ complete: @escaping (HTTPReply) -> Void) {
        guard !services.state.isDraining else {
            complete(Self.reply(.draining))
            return
        }
        let health = services.health
        eventLoop.makeFutureWithTask { await health.verdict(appID: appID) }
            .assumeIsolated().whenSuccess { complete(Self.reply($0)) }
    }

    private static func reply(_ verdict: HealthCheck.Verdict) -> HTTPReply {
        var reply = HTTPReply(HTTPResponseStatus(statusCode: verdict.status), text: verdict.rawValue)
        reply.headers.append(("X-Health-Check", verdict.rawValue))
        return reply
    }

    /// What the node does is nobody's business on a public port without the token.
    private func statistics(_ route: Route, _ request: HTTPServerRequest) -> HTTPReply {
        guard let token = services.configuration.httpAPI.statsToken else {
            return HTTPFailure.notFound("Path not found").reply
        }
        let authorization = request.headers.first(name: "authorization") ?? ""
        guard ConstantTime.areEqual(authorization, "Bearer \(token)") else {
            var reply = HTTPFailure.unauthorized("This path needs the statistics token").reply
            reply.headers.append(("WWW-Authenticate", "Bearer"))
            return reply
        }
        if case .usage = route {
            guard services.configuration.httpAPI.isUsageEnabled else {
                return HTTPFailure.notFound("Path not found").reply
            }
            return HTTPReply(json: StatisticsReport(services).usage())
        }
        return HTTPReply(json: StatisticsReport(services).statistics())
    }
}
