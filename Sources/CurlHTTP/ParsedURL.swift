import CCurl

/// Owns one `CURLU`: a URL as libcurl itself reads it, so that what was checked is what is connected to.
///
/// Threading: immutable after `init`; libcurl copies what it needs when a transfer starts.
@safe final class ParsedURL: @unchecked Sendable {
    // Proof for @unchecked: the handle is written in `init` only, and used by one transfer on one thread.
    private let handle: OpaquePointer

    /// Scheme, host and port, which share connections: `https://example.com:443`.
    let origin: String

    init(_ text: String) throws(HTTPTransportError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw HTTPTransportError(.invalidRequest, "the URL holds a character that must be percent-encoded")
        }
        guard let handle = unsafe curl_url() else {
            throw HTTPTransportError(.failed, "libcurl could not allocate a URL")
        }
        let code = unsafe curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_PATH_AS_IS))
        guard code == CURLUE_OK else {
            unsafe curl_url_cleanup(handle)
            throw HTTPTransportError(.invalidRequest, unsafe String(cString: curl_url_strerror(code)))
        }
        let scheme = unsafe Self.part(CURLUPART_SCHEME, of: handle)
        guard let scheme, scheme == "http" || scheme == "https" else {
            unsafe curl_url_cleanup(handle)
            throw HTTPTransportError(.invalidRequest, "the URL's scheme is not http or https")
        }
        let host = unsafe Self.part(CURLUPART_HOST, of: handle) ?? ""
        let port = unsafe Self.part(CURLUPART_PORT, flags: UInt32(CURLU_DEFAULT_PORT), of: handle) ?? ""
        unsafe self.handle = handle
        origin = "\(scheme)://\(host):\(port)"
    }

    deinit {
        unsafe curl_url_cleanup(handle)
    }

    /// Makes a transfer use this URL; the transfer must not outlive this object.
    func apply(to easy: UnsafeMutableRawPointer) -> CURLcode {
        unsafe martlet_curl_set_url(easy, handle)
    }

    private static func part(_ part: CURLUPart, flags: UInt32 = 0, of handle: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text = unsafe text else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }
}
