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
    private(set) var parameters: [Parameter] = []
    /// Whether decoding changes anything, per kind of decoding.
    private(set) var hasPercent = false
    private(set) var hasPlus = false

    /// The parameters that one query may have.
    package static let maximumParameters = 1024

    /// Splits a query; the text is what follows the `?`.
    package init(_ text: some StringProtocol) throws(HTTPFailure) {
        try self.init(Array(text.utf8)[...])
    }

    /// Splits a query given as bytes.
    init(_ bytes: ArraySlice<UInt8>) throws(HTTPFailure) {
        self.bytes = bytes
        guard !bytes.isEmpty else { return }
        parameters.reserveCapacity(6)
        let isWithinLimit = bytes.withUnsafeBufferPointer { split($0) }
        guard isWithinLimit else {
            throw .badRequest("The query has more than \(Self.maximumParameters) parameters")
        }
    }

    /// Finds the parameters in one pass; false when there are too many.
    private mutating func split(_ buffer: UnsafeBufferPointer<UInt8>) -> Bool {
        let base = bytes.startIndex
        var start = 0
        var equals: Int?
        for index in 0...buffer.count {
            let byte = index < buffer.count ? buffer[index] : UInt8(ascii: "&")
            switch byte {
            case UInt8(ascii: "&"):
                if index > start {
                    guard parameters.count < Self.maximumParameters else { return false }
                    let keyEnd = equals ?? index
                    let value = min(keyEnd + 1, index)..<index
                    parameters.append(
                        Parameter(
                            key: (base + start)..<(base + keyEnd),
                            value: (base + value.lowerBound)..<(base + value.upperBound)
                        )
                    )
                }
                start = index + 1
                equals = nil
            case UInt8(ascii: "="): equals = equals ?? index
            case UInt8(ascii: "%"): hasPercent = true
            case UInt8(ascii: "+"): hasPlus = true
            default: break
            }
        }
        return true
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
        for parameter in parameters where isNamed(parameter, name) {
            guard hasPercent else { return bytes[parameter.value] }
            var decoded: [UInt8] = []
            append(parameter.value, as: .percentDecoded, to: &decoded)
            return decoded[...]
        }
        return nil
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
        if parameter.key.count == name.utf8CodeUnitCount {
            return name.isEqual(to: bytes, at: parameter.key.lowerBound)
        }
        guard hasPercent, parameter.key.count > name.utf8CodeUnitCount else { return false }
        var decoded: [UInt8] = []
        PercentEncoding.decode(bytes[parameter.key], into: &decoded)
        return decoded.count == name.utf8CodeUnitCount && name.isEqual(to: decoded[...], at: 0)
    }

    private func string(_ range: Range<Int>, as form: Form) -> String {
        var decoded: [UInt8] = []
        append(range, as: form, to: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }
}

extension StaticString {
    /// Compares with as many bytes as the text has, from an index on.
    @inline(__always)
    func isEqual(to bytes: ArraySlice<UInt8>, at index: Int) -> Bool {
        let offset = index - bytes.startIndex
        return bytes.withUnsafeBufferPointer { buffer in
            guard buffer.count - offset >= utf8CodeUnitCount else { return false }
            for position in 0..<utf8CodeUnitCount where buffer[offset + position] != utf8Start[position] {
                return false
            }
            return true
        }
    }
}
