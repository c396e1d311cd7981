package import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP/1.1 server on the loopback interface whose answers a test decides.
///
/// It keeps connections alive, counts them, and records every request in the order of arrival.
package final class HTTPTestServer: Sendable {
    /// A request as it came.
    package struct Request: Sendable {
        package var method: String
        /// The request target, undecoded.
        package var target: String
        /// The fields in their order, names as written.
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]
        /// 1 for the first connection that was accepted.
        package var connection: Int

        /// The values of a field, by its name in any case.
        package func values(of name: String) -> [String] {
            headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
    }

    /// What the server does with a request.
    package enum Reply: Sendable {
        /// Answers.
        case respond(status: Int, headers: [(String, String)] = [], body: [UInt8] = [])
        /// Answers 200 and then sends one byte of an endless body at a time.
        case drip(every: TimeAmount)
        /// Sends these bytes, whatever they are, and ends the connection.
        case raw([UInt8])
        /// Never answers.
        case hang
        /// Ends the connection with a TCP reset.
        case reset
        /// Ends the connection in an orderly way without an answer.
        case close
    }

    /// Decides on a request; it may wait as long as it likes.
    package typealias Responder = @Sendable (Request) async -> Reply

    /// Every request that was read to its end.
    package let requests = Recorder<Request>()
    /// Every connection that was accepted, by its number.
    package let accepted = Recorder<Int>()
    /// Every connection that ended, by its number.
    package let closed = Recorder<Int>()

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener = Mutex<(any Channel)?>(nil)

    private init() {}

    /// Starts a server on a free port of 127.0.0.1, or on the given one.
    package static func start(
        port: Int = 0,
        responder: @escaping Responder = { _ in .respond(status: 200) }
    ) async throws -> HTTPTestServer {
        let server = HTTPTestServer()
        let channel = try await ServerBootstrap(group: server.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = HTTPTestHandler(server: server, responder: responder)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .get()
        server.listener.withLock { $0 = channel }
        return server
    }

    /// Starts a server for the time of the closure.
    package static func with<Result>(
        responder: @escaping Responder = { _ in .respond(status: 200) },
        _ body: (HTTPTestServer) async throws -> Result
    ) async throws -> Result {
        let server = try await start(responder: responder)
        do {
            let result = try await body(server)
            try await server.stop()
            return result
        } catch {
            try await server.stop()
            throw error
        }
    }

    /// The port that the server listens on.
    package var port: Int {
        listener.withLock { $0?.localAddress?.port } ?? 0
    }

    /// The URL of a path on this server.
    package func url(_ path: String = "/") -> String {
        "http://127.0.0.1:\(port)\(path)"
    }

    /// Stops listening and closes every connection.
    package func stop() async throws {
        listener.withLock { $0 = nil }
        try await group.shutdownGracefully()
    }

    func nextConnection() -> Int {
        let number = accepted.elements.count + 1
        accepted.record(number)
        return number
    }
}
