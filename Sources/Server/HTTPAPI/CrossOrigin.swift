import NIOCore
import NIOHTTP1
import ServerCore

/// The answer to a browser's question whether a page of another origin may call (Fetch standard, "CORS protocol").
struct CrossOrigin {
    private let headers: [(name: String, value: String)]
    /// The answer to a preflight request; `nil` for every other request.
    let preflight: HTTPReply?

    init(_ configuration: CORSConfiguration, request: HTTPServerRequest) {
        guard let origin = request.headers.first(name: "origin"),
            OriginPattern.allows(origin, by: configuration.origins)
        else {
            headers = []
            preflight = request.method == .OPTIONS ? HTTPReply(empty: .noContent) : nil
            return
        }
        let allowsAll = configuration.origins.contains("*")
        var headers = [(name: "Access-Control-Allow-Origin", value: allowsAll ? "*" : origin)]
        if !allowsAll {
            headers.append(("Vary", "Origin"))
            if configuration.allowsCredentials {
                headers.append(("Access-Control-Allow-Credentials", "true"))
            }
        }
        self.headers = headers
        guard request.method == .OPTIONS else {
            preflight = nil
            return
        }
        var reply = HTTPReply(empty: .noContent)
        reply.headers.append(("Access-Control-Allow-Methods", configuration.methods.joined(separator: ", ")))
        reply.headers.append(("Access-Control-Allow-Headers", configuration.allowedHeaders.joined(separator: ", ")))
        preflight = reply
    }

    /// Adds what the page's browser wants to see.
    func mark(_ reply: HTTPReply) -> HTTPReply {
        guard !headers.isEmpty else { return reply }
        var reply = reply
        reply.headers.append(contentsOf: headers)
        return reply
    }
}
