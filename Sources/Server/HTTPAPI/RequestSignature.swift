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
    ///   - scratch: what verifications share that follow each other.
    /// - Returns: the form of the query under which the signature verified.
    /// - Throws: status 401 with the first check that fails.
    package static func verify(
        _ request: SignedRequest,
        appKey: String,
        keys: [HMACKey],
        now: Int64,
        scratch: SignatureScratch = SignatureScratch()
    ) throws(HTTPFailure) -> QueryString.Form {
        let parameters = try AuthParameters(request.target.query)
        guard parameters.withBytes(parameters.key, { areEqual($0, appKey) }) else {
            throw .unauthorized("Invalid auth_key: it does not belong to the app in the path")
        }
        guard parameters.withBytes(parameters.version, { areEqual($0, "1.0") }) else {
            throw .unauthorized("Unsupported auth_version: only 1.0 is known")
        }
        try checkTimestamp(parameters, now: now)
        try checkBody(request, parameters, scratch)
        return try checkSignature(of: request, parameters, keys: keys, scratch)
    }

    private static func areEqual(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes.elementsEqual($0) }
    }

    private static func checkTimestamp(_ parameters: AuthParameters, now: Int64) throws(HTTPFailure) {
        guard let timestamp = parameters.withBytes(parameters.timestamp, seconds) else {
            throw .unauthorized("Invalid auth_timestamp: it must be in seconds since 1970")
        }
        guard abs(now - timestamp) <= maximumAgeSeconds else {
            throw .unauthorized(
                "Timestamp expired: Given timestamp (\(UTCTimestamp(seconds: timestamp))) not within "
                    + "\(maximumAgeSeconds)s of server time (\(UTCTimestamp(seconds: now)))"
            )
        }
    }

    /// A number of digits only; eleven of them reach the year 5138, and beyond that the text is not a time.
    private static func seconds(_ digits: UnsafeRawBufferPointer) -> Int64? {
        guard digits.count <= 11 else { return nil }
        var seconds: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            seconds = seconds * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return seconds
    }

    /// The digest must be there when there is a body, and be right when it is there: an official library sends the
    /// digest of nothing with every GET.
    private static func checkBody(
        _ request: SignedRequest,
        _ parameters: AuthParameters,
        _ scratch: SignatureScratch
    ) throws(HTTPFailure) {
        guard !parameters.bodyDigest.isEmpty else {
            guard request.body.isEmpty else { throw AuthParameters.missing("body_md5") }
            return
        }
        let isRight = parameters.withBytes(parameters.bodyDigest) {
            scratch.digests.md5(of: request.body).matches(hex: $0)
        }
        guard isRight else { throw .unauthorized("Invalid body_md5: it is not the MD5 of the body") }
    }

    private static func checkSignature(
        of request: SignedRequest,
        _ parameters: AuthParameters,
        keys: [HMACKey],
        _ scratch: SignatureScratch
    ) throws(HTTPFailure) -> QueryString.Form {
        func isSigned(_ path: ArraySlice<UInt8>, as form: QueryString.Form) -> Bool {
            scratch.withText { text in
                SignedText.write(method: request.method, path: path, query: request.target.query, as: form, to: &text)
                return text.withUnsafeBytes { text in
                    parameters.withBytes(parameters.signature) { signature in
                        keys.contains { scratch.digests.sign(text, with: $0).matches(hex: signature) }
                    }
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
