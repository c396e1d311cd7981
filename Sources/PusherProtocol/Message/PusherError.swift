/// A `pusher:error` event; the connection stays open (Pusher protocol 7, "Error codes").
package struct PusherError: Error, Sendable, Equatable {
    /// A numeric code, or `nil` for the errors to which Pusher gives none.
    package var code: UInt16?
    package var message: String

    /// Makes an error without a code.
    package init(_ message: String) {
        self.code = nil
        self.message = message
    }

    /// Makes an error with a code.
    package init(code: UInt16, _ message: String) {
        self.code = code
        self.message = message
    }

    /// More client events than the app allows a second.
    package static let clientEventRateLimit = PusherError(
        code: 4301,
        "The rate limit for sending client events exceeded the quota"
    )

    /// A watchlist that was cut to its first entries.
    package static func watchlistTruncated(to count: Int) -> PusherError {
        PusherError(
            code: 4302,
            "The watchlist exceeds the limit of \(count) users; only the first \(count) are watched"
        )
    }
}
