import Glibc

/// A kept-alive HTTP connection that publishes; requests may be pipelined.
final class PublishConnection {
    let descriptor: Int32
    private let tls: TLSSession?
    /// Answers with a status of 200 to 299.
    private(set) var accepted = 0
    /// Other answers.
    private(set) var refused = 0
    /// The head of the last answer that was not a success.
    private(set) var lastRefusal = ""
    /// Requests that stand in for each other, for a load that is repeated as answers come in.
    var repeated: [UInt8] = []
    var repeatedLength = 0
    private var sent = 0
    private var carry: [UInt8] = []

    init(_ target: Target, index: Int) throws(BenchError) {
        descriptor = try target.connect(index: index)
        tls = target.isTLS ? try TLSSession(descriptor) : nil
    }

    deinit { close(descriptor) }

    /// Requests without an answer yet.
    var outstanding: Int { sent - accepted - refused }

    /// Sends requests in one write.
    func post(_ bytes: [UInt8], count: Int) throws(BenchError) {
        sent += count
        var failure: BenchError?
        bytes.withUnsafeBytes { bytes in
            do throws(BenchError) {
                if let tls { try tls.send(bytes) } else { try StreamSocket.sendAll(descriptor, bytes) }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Starts to keep `depth` equal requests under way.
    func repeatForever(_ request: [UInt8], depth: Int) throws(BenchError) {
        repeated = Array(repeatElement(request, count: depth).joined())
        repeatedLength = request.count
        try post(repeated, count: depth)
    }

    /// Ends what `repeatForever` began.
    func stopRepeating() {
        repeatedLength = 0
    }

    /// Takes bytes of answers and, where requests are repeated, sends as many again.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(BenchError) {
        if let tls {
            try tls.decrypt(bytes) { carry.append(contentsOf: $0) }
        } else {
            carry.append(contentsOf: bytes)
        }
        let before = accepted + refused
        while takeAnswer() {}
        let answered = accepted + refused - before
        if repeatedLength > 0, answered > 0 {
            try post(Array(repeated[..<(answered * repeatedLength)]), count: answered)
        }
    }

    private func takeAnswer() -> Bool {
        guard let headEnd = Self.endOfHead(carry) else { return false }
        let head = String(decoding: carry[..<headEnd], as: UTF8.self)
        var bodyBytes = 0
        for line in head.lowercased().split(separator: "\r\n") where line.hasPrefix("content-length:") {
            bodyBytes = Int(line.dropFirst(15).filter { $0 != " " }) ?? 0
        }
        guard carry.count >= headEnd + bodyBytes else { return false }
        if head.dropFirst(9).first == "2" {
            accepted += 1
        } else {
            refused += 1
            lastRefusal = String(decoding: carry[..<(headEnd + bodyBytes)], as: UTF8.self)
        }
        carry.removeFirst(headEnd + bodyBytes)
        return true
    }

    /// The offset behind the first empty line.
    static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 3..<bytes.count
        where bytes[index] == 10 && bytes[index - 1] == 13 && bytes[index - 2] == 10 && bytes[index - 3] == 13 {
            return index + 1
        }
        return nil
    }
}
