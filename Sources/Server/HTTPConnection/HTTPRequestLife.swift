import ChannelHub
import NIOCore

/// Where an HTTP connection stands between its requests, and how long it may stand there.
///
/// A pure state machine: it is told what came in and says what is allowed; the handler does it.
struct HTTPRequestLife {
    enum Phase: Equatable {
        /// Nothing of a next request has come; on a new connection this counts as reading the head.
        case idle
        case readingHead
        case readingBody
        case answering
        /// The last answer is written; what still comes is discarded.
        case lingering
        case upgraded
    }

    private(set) var phase = Phase.readingHead
    private(set) var deadline: NIODeadline?
    private let limits: RequestLimits
    private(set) var bodyBytes = 0

    init(limits: RequestLimits, now: NIODeadline) {
        self.limits = limits
        deadline = now + limits.headerTimeout.timeAmount
    }

    /// Bytes came while nothing was expected: the next request's head has begun.
    mutating func receivedBytes(now: NIODeadline) {
        guard phase == .idle else { return }
        phase = .readingHead
        deadline = now + limits.headerTimeout.timeAmount
    }

    /// A head is complete; false when its declared length exceeds the limit.
    mutating func receivedHead(contentLength: Int?, now: NIODeadline) -> Bool {
        phase = .readingBody
        bodyBytes = 0
        deadline = now + limits.bodyTimeout.timeAmount
        return contentLength ?? 0 <= limits.maxBodyBytes
    }

    /// A piece of the body came; false when the whole exceeds the limit.
    mutating func receivedBody(_ count: Int) -> Bool {
        bodyBytes += count
        return bodyBytes <= limits.maxBodyBytes
    }

    /// The request is complete.
    ///
    /// Answering has no deadline of its own: what it waits for has.
    mutating func receivedEnd() {
        phase = .answering
        deadline = nil
    }

    /// The answer is written and another request may come.
    mutating func answered(now: NIODeadline) {
        phase = .idle
        deadline = now + limits.keepAliveTimeout.timeAmount
    }

    /// The answer is written and the connection ends.
    mutating func linger(now: NIODeadline) {
        phase = .lingering
        deadline = now + Self.lingerTimeout
    }

    mutating func upgrade() {
        phase = .upgraded
        deadline = nil
    }

    /// Long enough for a peer to read an answer that came before it had sent everything, which a reset would destroy.
    private static let lingerTimeout = TimeAmount.seconds(2)

    /// What to do when the deadline has passed.
    enum Expiry: Equatable {
        /// Close without a word: nothing was asked.
        case close
        /// Answer 408, then close.
        case timeOut
    }

    /// What the deadline's passing means in this phase.
    var expiry: Expiry {
        switch phase {
        case .readingHead, .readingBody: .timeOut
        case .idle, .answering, .lingering, .upgraded: .close
        }
    }
}
