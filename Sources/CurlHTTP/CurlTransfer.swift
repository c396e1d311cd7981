import CCurl

/// Owns one easy handle, from the prepared request to the collected response.
///
/// Threading: made and used on the client's loop thread only. The handle's callbacks point at this object, which
/// the loop keeps until it has taken the handle out of its multi handle.
@safe final class CurlTransfer {
    let handle: UnsafeMutableRawPointer
    /// The handle's address, which is unique among living transfers.
    var address: UInt { unsafe UInt(bitPattern: handle) }

    private let request: HTTPRequest
    private let url: ParsedURL
    private var fields: UnsafeMutablePointer<curl_slist>?
    /// libcurl reads the body from here while it sends, so it must not move.
    private let content: UnsafeMutablePointer<UInt8>
    private let errorText: UnsafeMutablePointer<CChar>
    private var collector: ResponseCollector

    init(_ submission: Submission, remaining: Duration, configuration: CurlHTTPConfiguration) throws(HTTPTransportError)
    {
        request = submission.request
        url = submission.url
        collector = ResponseCollector(maxBodyBytes: request.maxResponseBytes)
        guard let handle = unsafe curl_easy_init() else {
            throw HTTPTransportError(.failed, "libcurl could not allocate a transfer")
        }
        unsafe self.handle = handle
        // Never empty: for a null pointer, libcurl would read the body from standard input.
        unsafe content = .allocate(capacity: max(1, request.body.count))
        let buffer = unsafe UnsafeMutableBufferPointer(start: content, count: request.body.count)
        _ = unsafe buffer.initialize(fromContentsOf: request.body)
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try prepareConnection(configuration, remaining: remaining)
        try prepareMessage()
        try prepareCallbacks()
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(fields)
        unsafe content.deallocate()
        unsafe errorText.deallocate()
    }

    /// Turns libcurl's verdict into a response or an error.
    func result(_ code: CURLcode) -> Result<HTTPResponse, HTTPTransportError> {
        var status = 0
        unsafe martlet_curl_get_status(handle, &status)
        guard collector.failure == nil, code == CURLE_OK else {
            var error = collector.failure ?? failure(code)
            error.status = error.code == .responseTooLarge && status > 0 ? status : nil
            return .failure(error)
        }
        return .success(collector.response(status: status))
    }

    private func failure(_ code: CURLcode) -> HTTPTransportError {
        let detail = unsafe String(cString: errorText)
        let general = unsafe String(cString: curl_easy_strerror(code))
        return HTTPTransportError(HTTPTransportError.Code(code), detail.isEmpty ? general : detail)
    }

    private func prepareConnection(
        _ configuration: CurlHTTPConfiguration,
        remaining: Duration
    ) throws(HTTPTransportError) {
        try check(unsafe url.apply(to: handle))
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // HTTP/2 would fold header names to lower case and share one connection between destinations' limits.
        try set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try set(CURLOPT_NOSIGNAL, 1)
        // Without it, giving up a transfer waits for its name resolution and holds up every other transfer.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_TIMEOUT_MS, max(1, remaining.wholeMilliseconds))
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, configuration.connectTimeout.wholeMilliseconds))
        try set(CURLOPT_MAXAGE_CONN, Int(configuration.idleTimeout.components.seconds))
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let caFile = configuration.caFile {
            try set(CURLOPT_CAINFO, caFile)
        }
        // An empty text switches proxies off; unset, libcurl would ask the environment.
        try set(CURLOPT_PROXY, configuration.proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
    }

    private func prepareMessage() throws(HTTPTransportError) {
        if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else {
            if request.hasContent {
                try set(CURLOPT_POST, 1)
                try check(unsafe martlet_curl_set_body(handle, content, request.body.count))
            }
            if request.maxResponseBytes > 0 {
                // Refuses early what announces itself as too large; the collector counts what does not.
                try check(unsafe martlet_curl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, request.maxResponseBytes))
            }
            try set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        for field in request.headers {
            // "Name:" alone would remove the header; libcurl writes "Name;" as an empty one.
            try append(field.value.utf8.allSatisfy(\.isBlank) ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        for name in ["Accept", "Content-Type", "Expect"] where !request.headers.contains(where: { $0.isNamed(name) }) {
            try append("\(name):")
        }
        try check(unsafe martlet_curl_set_headers(handle, fields))
    }

    private func prepareCallbacks() throws(HTTPTransportError) {
        try check(unsafe martlet_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText))
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try check(
            unsafe martlet_curl_set_header_callback(
                handle,
                { bytes, size, count, context in unsafe CurlTransfer.received(bytes, size * count, context, .header) },
                context
            )
        )
        try check(
            unsafe martlet_curl_set_write_callback(
                handle,
                { bytes, size, count, context in unsafe CurlTransfer.received(bytes, size * count, context, .body) },
                context
            )
        )
    }

    private enum Part {
        case header, body
    }

    /// Hands bytes to the collector; any other count than the given one makes libcurl end the transfer.
    private static func received(
        _ bytes: UnsafeMutablePointer<CChar>?,
        _ count: Int,
        _ context: UnsafeMutableRawPointer?,
        _ part: Part
    ) -> Int {
        guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
        let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
        let isAccepted =
            switch part {
            case .header: unsafe transfer.collector.takeHeaderLine(buffer)
            case .body: unsafe transfer.collector.takeBody(buffer)
            }
        return isAccepted ? count : Int(CURL_WRITEFUNC_ERROR)
    }

    private func append(_ line: String) throws(HTTPTransportError) {
        guard let list = unsafe curl_slist_append(fields, line) else {
            throw HTTPTransportError(.failed, "libcurl could not allocate a header")
        }
        unsafe fields = list
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPTransportError) {
        try check(unsafe martlet_curl_set_long(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(HTTPTransportError) {
        try check(unsafe martlet_curl_set_string(handle, option, value))
    }

    private func check(_ code: CURLcode) throws(HTTPTransportError) {
        guard code == CURLE_OK else {
            throw HTTPTransportError(.failed, unsafe String(cString: curl_easy_strerror(code)))
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\t")
    }
}
