/// The parameters of a query, in their order, as they were sent (WHATWG URL, "application/x-www-form-urlencoded").
///
/// What a client meant by `+` and by escapes only its signature tells, so the values are kept raw and decoded in the
/// form that verified.
package struct QueryString: Sendable {
    /// The ways to read a parameter; the order is the one in which a signature is tried.
    package enum Form: Sendable, CaseIterable {
        /// `%2C` is a comma, `+` a plus.
        case percentDecoded
        /// Nothing is decoded.
        case raw
        /// `%2C` is a comma, `+` a space.
        case formDecoded
    }

    /// One parameter as ranges of `bytes`.
    struct Parameter: Sendable {
        var key: Range<Int>
        var value: Range<Int>
    }

    let bytes: ArraySlice<UInt8>
    let parameters: [Parameter]
    /// Whether decoding changes anything, per kind of decoding.
    let hasPercent: Bool
    let hasPlus: Bool

    /// The parameters that one query may have.
    package static let maximumParameters = 1024

    /// Splits a query; the text is what follows the `?`.
    package init(_ text: some StringProtocol) throws(HTTPFailure) {
        try self.init(Array(text.utf8)[...])
    }

    /// Splits a query given as bytes.
    init(_ bytes: ArraySlice<UInt8>) throws(HTTPFailure) {
        self.bytes = bytes
        var parameters: [Parameter] = []
        parameters.reserveCapacity(6)
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.endIndex
            if end > start {
                guard parameters.count < Self.maximumParameters else {
                    throw .badRequest("The query has more than \(Self.maximumParameters) parameters")
                }
                let equals = bytes[start..<end].firstIndex(of: UInt8(ascii: "=")) ?? end
                parameters.append(Parameter(key: start..<equals, value: min(equals + 1, end)..<end))
            }
            start = end + 1
        }
        self.parameters = parameters
        hasPercent = bytes.contains(UInt8(ascii: "%"))
        hasPlus = bytes.contains(UInt8(ascii: "+"))
    }

    /// The first value of a name.
    package func value(of name: StaticString, as form: Form = .percentDecoded) -> String? {
        parameters.first { isNamed($0, name) }.map { string($0.value, as: form) }
    }

    /// All values of a name.
    package func values(of name: StaticString, as form: Form = .percentDecoded) -> [String] {
        parameters.filter { isNamed($0, name) }.map { string($0.value, as: form) }
    }

    /// The percent-decoded bytes of the first value of a name; without escapes nothing is copied.
    func decodedBytes(of name: StaticString) -> ArraySlice<UInt8>? {
        guard let parameter = parameters.first(where: { isNamed($0, name) }) else { return nil }
        guard hasPercent else { return bytes[parameter.value] }
        var decoded: [UInt8] = []
        append(parameter.value, as: .percentDecoded, to: &decoded)
        return decoded[...]
    }

    /// Appends a part of the query in a form.
    func append(_ range: Range<Int>, as form: Form, to target: inout [UInt8]) {
        switch form {
        case .raw: target.append(contentsOf: bytes[range])
        case .percentDecoded where !hasPercent: target.append(contentsOf: bytes[range])
        case .percentDecoded: PercentEncoding.decode(bytes[range], into: &target)
        case .formDecoded: PercentEncoding.decode(bytes[range], plusIsSpace: true, into: &target)
        }
    }

    // Names may be escaped as well: `channels%5B%5D`.
    private func isNamed(_ parameter: Parameter, _ name: StaticString) -> Bool {
        let expected = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        let key = bytes[parameter.key]
        if key.count == expected.count { return key.elementsEqual(expected) }
        guard hasPercent, key.count > expected.count else { return false }
        var decoded: [UInt8] = []
        PercentEncoding.decode(key, into: &decoded)
        return decoded.elementsEqual(expected)
    }

    private func string(_ range: Range<Int>, as form: Form) -> String {
        var decoded: [UInt8] = []
        append(range, as: form, to: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }
}
