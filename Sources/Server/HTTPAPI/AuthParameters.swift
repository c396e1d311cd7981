/// The parameters of a query that its signature needs (Pusher Channels docs, "HTTP API", "Authentication").
///
/// Ranges of one array, so that nothing is counted or copied for each.
struct AuthParameters {
    /// The query, or the decoded values of one with escapes.
    private(set) var bytes: ArraySlice<UInt8>
    private(set) var key = 0..<0
    private(set) var timestamp = 0..<0
    private(set) var version = 0..<0
    private(set) var signature = 0..<0
    /// Empty where there is none.
    private(set) var bodyDigest = 0..<0

    /// Finds them in one pass.
    ///
    /// - Throws: status 401 for the first one that is missing.
    init(_ query: QueryString) throws(HTTPFailure) {
        bytes = query.bytes
        if query.hasPercent {
            decode(query)
        } else {
            find(in: query)
        }
        guard !key.isEmpty else { throw Self.missing("auth_key") }
        guard !timestamp.isEmpty else { throw Self.missing("auth_timestamp") }
        guard !version.isEmpty else { throw Self.missing("auth_version") }
        guard !signature.isEmpty else { throw Self.missing("auth_signature") }
    }

    /// The refusal of a request without a parameter.
    static func missing(_ name: StaticString) -> HTTPFailure {
        .unauthorized("Missing required parameter: \(name)")
    }

    /// Calls the closure with the bytes of a parameter.
    func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { all in
            let start = range.isEmpty ? 0 : range.lowerBound - bytes.startIndex
            return body(UnsafeRawBufferPointer(rebasing: all[start..<(start + range.count)]))
        }
    }

    private mutating func decode(_ query: QueryString) {
        var decoded: [UInt8] = []
        func take(_ name: StaticString) -> Range<Int> {
            let start = decoded.count
            decoded += query.decodedBytes(of: name) ?? []
            return start..<decoded.count
        }
        key = take("auth_key")
        timestamp = take("auth_timestamp")
        version = take("auth_version")
        signature = take("auth_signature")
        bodyDigest = take("body_md5")
        bytes = decoded[...]
    }

    /// Without escapes; of a parameter that comes twice the first counts.
    private mutating func find(in query: QueryString) {
        var found: UInt8 = 0
        for parameter in query.parameters {
            func isFirst(_ name: StaticString, bit: UInt8) -> Bool {
                guard found & bit == 0, name.isEqual(to: query.bytes, at: parameter.key.lowerBound) else {
                    return false
                }
                found |= bit
                return true
            }
            switch parameter.key.count {
            case 8 where isFirst("auth_key", bit: 1): key = parameter.value
            case 8 where isFirst("body_md5", bit: 2): bodyDigest = parameter.value
            case 12 where isFirst("auth_version", bit: 4): version = parameter.value
            case 14 where isFirst("auth_timestamp", bit: 8): timestamp = parameter.value
            case 14 where isFirst("auth_signature", bit: 16): signature = parameter.value
            default: break
            }
        }
    }
}
