/// A request to another server.
package struct HTTPRequest: Sendable, Equatable {
    /// An RFC 9110 token, such as `POST`.
    package var method: String
    /// An absolute `http` or `https` URL, percent-encoded.
    ///
    /// Its path is sent as it is, dot segments included; a user and password in it become basic authentication.
    package var url: String
    /// The fields in the order in which they are sent; duplicates stay.
    package var headers: [HTTPField]
    package var body: [UInt8]
    /// The time for everything: waiting for a free slot, connecting, sending and receiving.
    package var timeout: Duration
    /// The largest response body that is accepted.
    package var maxResponseBytes: Int

    /// Makes a request that may take ten seconds and return a mebibyte.
    package init(
        method: String = "GET",
        url: String,
        headers: [HTTPField] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = .seconds(10)
        self.maxResponseBytes = 1 << 20
    }
}

/// One header field.
package struct HTTPField: Sendable, Equatable {
    package var name: String
    package var value: String

    /// Makes a field.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Compares field names as HTTP does, without regard to ASCII case.
    package func isNamed(_ other: String) -> Bool {
        name.utf8.elementsEqual(other.utf8) { Self.folded($0) == Self.folded($1) }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
