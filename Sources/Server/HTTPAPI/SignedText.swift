import NIOHTTP1

/// The text that a request's signature is made of: method, path and the sorted parameters, one a line.
enum SignedText {
    /// Appends the text: `POST\n/apps/3/events\nauth_key=…&auth_timestamp=…`.
    static func write(
        method: HTTPMethod,
        path: ArraySlice<UInt8>,
        query: QueryString,
        as form: QueryString.Form,
        to text: inout [UInt8]
    ) {
        text.reserveCapacity(query.bytes.count + path.count + 16)
        text.append(contentsOf: method.rawValue.utf8)
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: path)
        text.append(UInt8(ascii: "\n"))
        let start = text.count
        if !appendInOrder(query, as: form, to: &text) {
            text.removeSubrange(start...)
            for parameter in sorted(query, as: form) where !parameter.key.elementsEqual("auth_signature".utf8) {
                append(parameter.key, parameter.value, of: query, as: form, to: &text)
            }
        }
        // The ampersand behind the last parameter, or with none the line break stays.
        if text.last == UInt8(ascii: "&") { text.removeLast() }
    }

    /// Appends the parameters that were sent as they are signed, as most libraries send them; false where one is not.
    private static func appendInOrder(_ query: QueryString, as form: QueryString.Form, to text: inout [UInt8]) -> Bool {
        let base = query.bytes.startIndex
        let isVerbatim = form == .raw || !query.hasPercent && form == .percentDecoded
        return query.bytes.withUnsafeBytes { bytes in
            func rebased(_ lower: Int, _ upper: Int) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: bytes[(lower - base)..<(upper - base)])
            }
            var last = UnsafeRawBufferPointer(start: nil, count: 0)
            for parameter in query.parameters {
                let key = rebased(parameter.key.lowerBound, parameter.key.upperBound)
                guard isPlain(key) else { return false }
                if isSignature(parameter.key, of: query) { continue }
                guard !precedes(key, last) else { return false }
                last = key
                if isVerbatim, parameter.value.lowerBound > parameter.key.upperBound {
                    text.append(contentsOf: rebased(parameter.key.lowerBound, parameter.value.upperBound))
                    text.append(UInt8(ascii: "&"))
                } else {
                    append(query.bytes[parameter.key], parameter.value, of: query, as: form, to: &text)
                }
            }
            return true
        }
    }

    private static func append(
        _ key: ArraySlice<UInt8>,
        _ value: Range<Int>,
        of query: QueryString,
        as form: QueryString.Form,
        to text: inout [UInt8]
    ) {
        text.append(contentsOf: key)
        text.append(UInt8(ascii: "="))
        query.append(value, as: form, to: &text)
        text.append(UInt8(ascii: "&"))
    }

    private static func isSignature(_ key: Range<Int>, of query: QueryString) -> Bool {
        let name: StaticString = "auth_signature"
        return key.count == name.utf8CodeUnitCount && name.isEqual(to: query.bytes, at: key.lowerBound)
    }

    private struct Parameter {
        var key: ArraySlice<UInt8>
        var value: Range<Int>
        var position: Int
    }

    /// Sorts by the lower-cased keys; parameters of one name keep their order.
    private static func sorted(_ query: QueryString, as form: QueryString.Form) -> [Parameter] {
        var parameters: [Parameter] = []
        parameters.reserveCapacity(query.parameters.count)
        for parameter in query.parameters {
            let key = lowercasedKey(parameter.key, of: query, as: form)
            parameters.append(Parameter(key: key, value: parameter.value, position: parameters.count))
        }
        parameters.sort { one, other in
            precedes(one.key, other.key) || (one.position < other.position && !precedes(other.key, one.key))
        }
        return parameters
    }

    private static func precedes(_ one: some Collection<UInt8>, _ other: some Collection<UInt8>) -> Bool {
        one.lexicographicallyPrecedes(other)
    }

    /// The key as it is signed; most keys are, and then nothing is copied.
    private static func lowercasedKey(
        _ range: Range<Int>,
        of query: QueryString,
        as form: QueryString.Form
    ) -> ArraySlice<UInt8> {
        let raw = query.bytes[range]
        guard !isPlain(raw) else { return raw }
        var key: [UInt8] = []
        query.append(range, as: form, to: &key)
        return key.map { isUpper($0) ? $0 | 0x20 : $0 }[...]
    }

    private static func isPlain(_ key: some Collection<UInt8>) -> Bool {
        key.allSatisfy { $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "+") && !isUpper($0) }
    }

    private static func isUpper(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
    }
}
