package import NIOHTTP1

/// What a request is about, with the names in its path decoded (Pusher Channels docs, "HTTP API").
package enum Route: Sendable, Equatable {
    /// `GET /app/{key}`: the WebSocket upgrade.
    case socket(appKey: String)
    /// `POST /apps/{id}/events`
    case publish(appID: String)
    /// `POST /apps/{id}/batch_events`
    case publishBatch(appID: String)
    /// `GET /apps/{id}/channels`
    case channels(appID: String)
    /// `GET /apps/{id}/channels/{name}`
    case channel(appID: String, name: String)
    /// `GET /apps/{id}/channels/{name}/users`
    case channelUsers(appID: String, name: String)
    /// `GET /apps/{id}/channels/{name}/stats`, deprecated.
    case channelStatistics(appID: String, name: String)
    /// `POST /apps/{id}/channels/{name}/events`, deprecated: the body is the data.
    case publishRaw(appID: String, channel: String)
    /// `POST /apps/{id}/users/{id}/terminate_connections`; without an app id the app is the one of `auth_key`, because
    /// an official library leaves it out.
    case terminateConnections(appID: String?, userID: String)
    /// `POST /apps/{id}/users/{id}/force_reconnect`
    case forceReconnect(appID: String, userID: String)
    /// `GET /up` and `GET /up/{id}`
    case health(appID: String?)
    /// `GET /live`
    case liveness
    /// `GET /ready`
    case readiness
    /// `GET /stats`
    case statistics
    /// `GET /usage`
    case usage

    /// Finds the route of a request.
    ///
    /// One slash at the end is ignored, HEAD is answered like GET, names are percent-decoded once.
    ///
    /// - Parameters:
    ///   - method: the request's method.
    ///   - target: the request's target.
    ///   - prefix: the path under which all routes live; `/` is none.
    /// - Returns: the route.
    /// - Throws: status 404 for an unknown path, 405 for a known one with another method.
    package static func match(
        _ method: HTTPMethod,
        _ target: RequestTarget,
        prefix: String = "/"
    ) throws(HTTPFailure) -> Route {
        let prefixBytes = prefixLength(prefix)
        guard target.path.starts(with: prefix.utf8.prefix(prefixBytes)) else { throw unknownPath }
        let path = target.path.dropFirst(prefixBytes)
        guard path.first == UInt8(ascii: "/") else { throw unknownPath }
        if method == .POST, let appID = appID(ofPublish: path) { return .publish(appID: appID) }
        let (route, allowed) = try find(try segments(of: path))
        guard method == allowed || (method == .HEAD && allowed == .GET) else { throw .methodNotAllowed([allowed]) }
        return route
    }

    /// The bytes of a prefix that stand before the slash of the route.
    package static func prefixLength(_ prefix: String) -> Int {
        prefix.utf8.count - (prefix.utf8.last == UInt8(ascii: "/") ? 1 : 0)
    }

    private static let unknownPath = HTTPFailure.notFound("Path not found")

    /// The app of `/apps/{id}/events` without escapes, which is what most requests ask for; `nil` for all others.
    private static func appID(ofPublish path: ArraySlice<UInt8>) -> String? {
        let (start, end): (StaticString, StaticString) = ("/apps/", "/events")
        let (first, last) = (path.startIndex + start.utf8CodeUnitCount, path.endIndex - end.utf8CodeUnitCount)
        guard first < last, start.isEqual(to: path, at: path.startIndex), end.isEqual(to: path, at: last) else {
            return nil
        }
        let appID = path[first..<last]
        guard !appID.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") }) else { return nil }
        return String(validating: appID, as: UTF8.self)
    }

    private static func segments(of path: ArraySlice<UInt8>) throws(HTTPFailure) -> [String] {
        var path = path.dropFirst()
        if path.last == UInt8(ascii: "/") { path.removeLast() }
        // The longest route has five segments; what is behind them cannot make a path known.
        let parts = path.split(separator: UInt8(ascii: "/"), maxSplits: 6, omittingEmptySubsequences: false)
        var segments: [String] = []
        segments.reserveCapacity(parts.count)
        for part in parts {
            guard !part.isEmpty else { throw unknownPath }
            guard let segment = PercentEncoding.validString(part) else {
                throw .badRequest("The path is not UTF-8")
            }
            segments.append(segment)
        }
        return segments
    }

    private static func find(_ segments: [String]) throws(HTTPFailure) -> (Route, HTTPMethod) {
        switch (segments.count, segments[0]) {
        case (3..., "apps"): return try findAppRoute(segments)
        case (2, "app"): return (.socket(appKey: segments[1]), .GET)
        case (3, "users") where segments[2] == "terminate_connections":
            return (.terminateConnections(appID: nil, userID: segments[1]), .POST)
        case (1, "up"): return (.health(appID: nil), .GET)
        case (2, "up"): return (.health(appID: segments[1]), .GET)
        case (1, "live"): return (.liveness, .GET)
        case (1, "ready"): return (.readiness, .GET)
        case (1, "stats"): return (.statistics, .GET)
        case (1, "usage"): return (.usage, .GET)
        default: throw unknownPath
        }
    }

    private static func findAppRoute(_ segments: [String]) throws(HTTPFailure) -> (Route, HTTPMethod) {
        let appID = segments[1]
        let name = segments.count > 3 ? segments[3] : ""
        switch (segments.count, segments[2], segments.count == 5 ? segments[4] : "") {
        case (3, "events", _): return (.publish(appID: appID), .POST)
        case (3, "batch_events", _): return (.publishBatch(appID: appID), .POST)
        case (3, "channels", _): return (.channels(appID: appID), .GET)
        case (4, "channels", _): return (.channel(appID: appID, name: name), .GET)
        case (5, "channels", "users"): return (.channelUsers(appID: appID, name: name), .GET)
        case (5, "channels", "stats"): return (.channelStatistics(appID: appID, name: name), .GET)
        case (5, "channels", "events"): return (.publishRaw(appID: appID, channel: name), .POST)
        case (5, "users", "terminate_connections"): return (.terminateConnections(appID: appID, userID: name), .POST)
        case (5, "users", "force_reconnect"): return (.forceReconnect(appID: appID, userID: name), .POST)
        default: throw unknownPath
        }
    }
}
