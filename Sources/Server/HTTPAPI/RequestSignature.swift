package import Digest

/// Verifies the signature of HTTP API requests (Pusher Channels docs, "HTTP API", "Authentication").
package enum RequestSignature {
    /// The difference between the clocks of client and server that is accepted.
    package static let maximumAgeSeconds: Int64 = 600

    /// Verifies a request and answers how its query is to be read.
    ///
    /// Checks in this order: required parameters, key, version, timestamp, body digest, signature. The signed text is
    /// tried in the forms that libraries send: values decoded or raw, then with `+` as a space, the path raw, decoded,
    /// and without the configured prefix; as a rule they coincide and one HMAC is computed per secret.
    ///
    /// - Parameters:
    ///   - request: the request as it was sent.
    ///   - appKey: the key of the app in the path.
    ///   - keys: the prepared secrets of that app; any of them verifies.
    ///   - now: the server's time in seconds since 1970.
    /// - Returns: the form of the query under which the signature verified.
    /// - Throws: status 401 with the first check that fails.
    package static func verify(
        _ request: SignedRequest,
        appKey: String,
        keys: [HMACKey],
        now: Int64
    ) throws(HTTPFailure) -> QueryString.Form {
        let query = request.target.query
        let key = try required("auth_key", in: query)
        let timestamp = try required("auth_timestamp", in: query)
        let version = try required("auth_version", in: query)
        let signature = try required("auth_signature", in: query)
        guard key.elementsEqual(appKey.utf8) else {
            throw .unauthorized("Invalid auth_key: it does not belong to the app in the path")
        }
        guard version.elementsEqual("1.0".utf8) else {
            throw .unauthorized("Unsupported auth_version: only 1.0 is known")
        }
        try checkTimestamp(timestamp, now: now)
        try checkBody(request)
        return try checkSignature(signature, of: request, keys: keys)
    }

    private static func required(
        _ name: StaticString,
        in query: QueryString
    ) throws(HTTPFailure) -> ArraySlice<UInt8> {
        guard let value = query.decodedBytes(of: name), !value.isEmpty else {
            throw .unauthorized("Missing required parameter: \(name)")
        }
        return value
    }

    private static func checkTimestamp(_ text: ArraySlice<UInt8>, now: Int64) throws(HTTPFailure) {
        // Eleven digits reach the year 5138; beyond that the text is not a time.
        let isNumber = text.count <= 11 && text.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard isNumber, let timestamp = Int64(String(decoding: text, as: UTF8.self)) else {
            throw .unauthorized("Invalid auth_timestamp: it must be in seconds since 1970")
        }
        guard abs(now - timestamp) <= maximumAgeSeconds else {
            throw .unauthorized(
                "Timestamp expired: Given timestamp (\(UTCTimestamp(seconds: timestamp))) not within "
                    + "\(maximumAgeSeconds)s of server time (\(UTCTimestamp(seconds: now)))"
            )
        }
    }

    /// The digest must be there when there is a body, and be right when it is there: an official library sends the
    /// digest of nothing with every GET.
    private static func checkBody(_ request: SignedRequest) throws(HTTPFailure) {
        guard let digest = request.target.query.decodedBytes(of: "body_md5"), !digest.isEmpty else {
            guard request.body.isEmpty else { throw .unauthorized("Missing required parameter: body_md5") }
            return
        }
        let isRight = digest.withUnsafeBytes { MD5.hash(request.body).matches(hex: $0) }
        guard isRight else { throw .unauthorized("Invalid body_md5: it is not the MD5 of the body") }
    }

    private static func checkSignature(
        _ signature: ArraySlice<UInt8>,
        of request: SignedRequest,
        keys: [HMACKey]
    ) throws(HTTPFailure) -> QueryString.Form {
        var text: [UInt8] = []
        func isSigned(_ path: ArraySlice<UInt8>, as form: QueryString.Form) -> Bool {
            text.removeAll(keepingCapacity: true)
            SignedText.write(method: request.method, path: path, query: request.target.query, as: form, to: &text)
            return text.withUnsafeBytes { text in
                signature.withUnsafeBytes { signature in
                    keys.contains { $0.sign(text).matches(hex: signature) }
                }
            }
        }
        // What nearly every request is signed as comes first and without the lists of alternatives.
        if isSigned(request.target.path, as: .percentDecoded) { return .percentDecoded }
        let paths = paths(of: request)
        for form in forms(of: request.target.query) {
            for path in paths where isSigned(path, as: form) { return form }
        }
        throw .unauthorized(
            "Invalid signature: you should have sent HmacSHA256Hex(\(quoted(request)), your_secret_key)"
        )
    }

    /// The forms of a query that differ from each other.
    private static func forms(of query: QueryString) -> [QueryString.Form] {
        switch (query.hasPercent, query.hasPlus) {
        case (false, false): [.percentDecoded]
        case (true, false): [.percentDecoded, .raw]
        case (false, true): [.percentDecoded, .formDecoded]
        case (true, true): QueryString.Form.allCases
        }
    }

    /// The paths that a library may have signed.
    private static func paths(of request: SignedRequest) -> [ArraySlice<UInt8>] {
        let raw = request.target.path
        var paths = [raw]
        if request.prefixBytes > 0 { paths.append(raw.dropFirst(request.prefixBytes)) }
        if raw.contains(UInt8(ascii: "%")) {
            paths += paths.map { path in
                var decoded: [UInt8] = []
                PercentEncoding.decode(path, into: &decoded)
                return decoded[...]
            }
        }
        return paths
    }

    /// The text to sign as a programmer would write it; it holds nothing that the client did not send.
    private static func quoted(_ request: SignedRequest) -> String {
        var text: [UInt8] = []
        let query = request.target.query
        SignedText.write(
            method: request.method,
            path: request.target.path,
            query: query,
            as: .percentDecoded,
            to: &text
        )
        let shown = String(decoding: text.prefix(1024), as: UTF8.self)
        let escaped = shown.unicodeScalars.map { scalar in
            scalar == "\n" ? "\\n" : scalar.value < 0x20 || scalar == "\u{7f}" ? "?" : String(scalar)
        }
        return "\"" + escaped.joined() + (text.count > 1024 ? "…" : "") + "\""
    }
}
