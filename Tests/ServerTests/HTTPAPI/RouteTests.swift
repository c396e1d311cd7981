import NIOHTTP1
import TestSupport
import Testing

@testable import Server

/// Checks which paths exist and what they mean.
@Suite struct RouteTests {
    @Test(
        "every path leads to its route",
        arguments: [
            (.GET, "/app/key?protocol=7", .socket(appKey: "key")),
            (.POST, "/apps/3/events?x=/y", .publish(appID: "3")),
            (.POST, "/apps/3/events/", .publish(appID: "3")),
            (.POST, "/apps/3/batch_events", .publishBatch(appID: "3")),
            (.GET, "/apps/3/channels", .channels(appID: "3")),
            (.HEAD, "/apps/3/channels", .channels(appID: "3")),
            (.GET, "/apps/3/channels/presence-a%40b,c%3B%3D", .channel(appID: "3", name: "presence-a@b,c;=")),
            (.GET, "/apps/3/channels/a%2540", .channel(appID: "3", name: "a%40")),
            (.GET, "/apps/3/channels/a%", .channel(appID: "3", name: "a%")),
            (.GET, "/apps/3/channels/users", .channel(appID: "3", name: "users")),
            (.GET, "/apps/3/channels/x/users", .channelUsers(appID: "3", name: "x")),
            (.GET, "/apps/3/channels/x/stats", .channelStatistics(appID: "3", name: "x")),
            (.POST, "/apps/3/channels/x/events?name=n", .publishRaw(appID: "3", channel: "x")),
            (.POST, "/apps/3/users/a%2Fb/terminate_connections", .terminateConnections(appID: "3", userID: "a/b")),
            (.POST, "/users/41/terminate_connections", .terminateConnections(appID: nil, userID: "41")),
            (.POST, "/apps/3/users/41/force_reconnect", .forceReconnect(appID: "3", userID: "41")),
            (.GET, "/up", .health(appID: nil)), (.GET, "/up/3", .health(appID: "3")), (.GET, "/live", .liveness),
            (.GET, "/ready", .readiness), (.GET, "/stats", .statistics), (.GET, "/usage", .usage),
            (.GET, "https://host:1/up", .health(appID: nil)),
        ] as [(HTTPMethod, String, Route)]
    )
    func matches(_ method: HTTPMethod, _ uri: String, _ route: Route) throws {
        #expect(try Route.match(method, RequestTarget(uri)) == route)
        let prefixed = uri.hasPrefix("/") ? "/push/api" + uri : uri
        guard prefixed != uri else { return }
        #expect(try Route.match(method, RequestTarget(prefixed), prefix: "/push/api") == route)
        #expect(try Route.match(method, RequestTarget(prefixed), prefix: "/push/api/") == route)
        #expect(throws: HTTPFailure.self) { try Route.match(method, RequestTarget(uri), prefix: "/push/api") }
    }

    @Test(
        "other paths do not exist",
        arguments: [
            "", "/", "*", "//", "/apps", "/apps/", "/apps//events", "/apps/3", "/apps/3/", "/apps/3/event",
            "/apps/3/events/x",
            "/apps/3/events//", "/apps/3/channels//users", "/apps/3/channels/x/y", "/apps/3/channels/x/users/y",
            "/App/key",
            "/app", "/app/a/b", "/up/3/x", "/users/1", "/apps/3/users/1", "/pushx/up", "apps/3/events", "http://host",
        ]
    )
    func refusesUnknownPaths(_ uri: String) throws {
        let failure = #expect(throws: HTTPFailure.self) { try Route.match(.GET, RequestTarget(uri)) }
        #expect(failure?.status == .notFound)
    }

    @Test("a known path with another method says which one it takes")
    func namesMethods() throws {
        let failure = #expect(throws: HTTPFailure.self) { try Route.match(.GET, RequestTarget("/apps/3/events")) }
        #expect(failure?.status == .methodNotAllowed)
        #expect(failure?.reply.headers.first { $0.name == "Allow" }?.value == "POST")
        #expect(throws: HTTPFailure.self) { try Route.match(.DELETE, RequestTarget("/up")) }
    }

    @Test("a prefix counts only as whole segments")
    func boundsPrefix() throws {
        #expect(throws: HTTPFailure.self) { try Route.match(.GET, RequestTarget("/pushup"), prefix: "/push") }
        #expect(try Route.match(.GET, RequestTarget("/push/up"), prefix: "/push") == .health(appID: nil))
    }

    @Test("a path that is not UTF-8 is malformed")
    func refusesMalformedText() throws {
        let failure = #expect(throws: HTTPFailure.self) { try Route.match(.GET, RequestTarget("/apps/3/channels/%ff")) }
        #expect(failure?.status == .badRequest)
    }

    @Test("random paths never crash")
    func survivesRandomPaths() {
        var random = SeededGenerator(seed: 11)
        let pieces = [
            "/", "apps", "app", "channels", "users", "%", "%2f", "%ff", "?", "é", "up", "events", "//", "http://", "3",
        ]
        for _ in 0..<100_000 {
            let uri = (0..<Int.random(in: 0..<9, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
            }.joined()
            do {
                _ = try Route.match(
                    .GET,
                    RequestTarget(uri),
                    prefix: ["/", "/app", "/é/"].randomElement(using: &random) ?? "/"
                )
            } catch {
                #expect(error.status == .notFound || error.status == .badRequest || error.status == .methodNotAllowed)
            }
        }
    }
}
