extension HTTPRequest {
    /// Refuses what cannot be sent as given, and what could smuggle a second header or request.
    ///
    /// The body's framing belongs to the transport: `Transfer-Encoding` is refused, and `Content-Length` must be
    /// right if it is given (a signature may cover it).
    func validate() throws(HTTPTransportError) {
        guard Self.isToken(method) else {
            throw HTTPTransportError(.invalidRequest, "the method is not an RFC 9110 token")
        }
        guard timeout > .zero, maxResponseBytes >= 0 else {
            throw HTTPTransportError(.invalidRequest, "the timeout and the response limit must be positive")
        }
        for field in headers {
            guard Self.isToken(field.name) else {
                throw HTTPTransportError(.invalidRequest, "a header name is not an RFC 9110 token")
            }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }) else {
                throw HTTPTransportError(.invalidRequest, "header '\(field.name)' holds a control character")
            }
            if field.isNamed("Transfer-Encoding") {
                throw HTTPTransportError(.invalidRequest, "'Transfer-Encoding' belongs to the transport")
            }
            if field.isNamed("Content-Length"), field.value != String(body.count) {
                throw HTTPTransportError(.invalidRequest, "'Content-Length' is not the length of the body")
            }
        }
    }

    /// Refuses what `send` would refuse as `.invalidRequest`, without sending.
    package func check() throws(HTTPTransportError) {
        try validate()
        _ = try ParsedURL(url)
    }

    /// Whether the request goes out with a `Content-Length`, also when it is 0 (RFC 9110 §8.6).
    var hasContent: Bool {
        !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method)
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
