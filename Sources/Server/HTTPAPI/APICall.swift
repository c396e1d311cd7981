import ChannelHub
import CoreMetrics
import Digest
import NIOCore
import ServerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A request to the HTTP API with the app that it is about.
///
/// A class, because every step of its way takes it and copying a structure would count each of its references.
final class APICall: Sendable {
    let route: Route
    let request: HTTPServerRequest
    let target: RequestTarget
    let app: ActiveApp
    /// The app's policies when the call began; all of the call sees them.
    let policies: AppSnapshot

    init(route: Route, request: HTTPServerRequest, target: RequestTarget, app: ActiveApp) {
        self.route = route
        self.request = request
        self.target = target
        self.app = app
        policies = app.current
    }

    /// Counts an answer among those of the app.
    func count(_ reply: HTTPReply) {
        app.metrics.httpTransmittedBytes.increment(by: Int64(reply.body.readableBytes))
    }

    /// A closure that counts an answer before it goes on.
    func counting(_ completion: @escaping HTTPResponder.Completion) -> HTTPResponder.Completion {
        { reply in
            self.count(reply)
            completion(reply)
        }
    }

    /// Checks the request's signature; returns how its query is to be read.
    func verify(prefixBytes: Int, _ scratch: SignatureScratch) throws(HTTPFailure) -> QueryString.Form {
        let outcome: Result<QueryString.Form, HTTPFailure> = request.body.withUnsafeReadableBytes { body in
            let signed = SignedRequest(method: request.method, target: target, prefixBytes: prefixBytes, body: body)
            do throws(HTTPFailure) {
                return .success(
                    try RequestSignature.verify(
                        signed,
                        appKey: policies.app.key,
                        keys: policies.keys,
                        now: Int64(time(nil)),
                        scratch: scratch
                    )
                )
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}

extension Route {
    /// The app in the path.
    var appID: String? {
        switch self {
        case .publish(let appID), .publishBatch(let appID), .channels(let appID): appID
        case .channel(let appID, _), .channelUsers(let appID, _), .channelStatistics(let appID, _): appID
        case .publishRaw(let appID, _), .forceReconnect(let appID, _): appID
        case .terminateConnections(let appID, _): appID
        case .health(let appID): appID
        case .socket, .liveness, .readiness, .statistics, .usage: nil
        }
    }
}
