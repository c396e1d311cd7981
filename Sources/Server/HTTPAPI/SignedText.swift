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
        var isFirst = true
        for parameter in sorted(query, as: form) where !parameter.isSignature {
            if !isFirst { text.append(UInt8(ascii: "&")) }
            isFirst = false
            text.append(contentsOf: parameter.key)
            text.append(UInt8(ascii: "="))
            query.append(parameter.value, as: form, to: &text)
        }
    }

    private struct Parameter {
        var key: ArraySlice<UInt8>
        var value: Range<Int>
        var position: Int

        var isSignature: Bool { key.elementsEqual("auth_signature".utf8) }
    }

    /// Sorts by the lower-cased keys; parameters of one name keep their order.
    private static func sorted(_ query: QueryString, as form: QueryString.Form) -> [Parameter] {
        var parameters: [Parameter] = []
        parameters.reserveCapacity(query.parameters.count)
        var isSorted = true
        for parameter in query.parameters {
            let key = lowercasedKey(parameter.key, of: query, as: form)
            if let last = parameters.last, precedes(key, last.key) { isSorted = false }
            parameters.append(Parameter(key: key, value: parameter.value, position: parameters.count))
        }
        if !isSorted {
            parameters.sort { one, other in
                precedes(one.key, other.key) || (one.position < other.position && !precedes(other.key, one.key))
            }
        }
        return parameters
    }

    private static func precedes(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
        one.lexicographicallyPrecedes(other)
    }

    /// The key as it is signed; most keys are, and then nothing is copied.
    private static func lowercasedKey(
        _ range: Range<Int>,
        of query: QueryString,
        as form: QueryString.Form
    ) -> ArraySlice<UInt8> {
        let raw = query.bytes[range]
        let isPlain = raw.allSatisfy { byte in
            byte != UInt8(ascii: "%") && byte != UInt8(ascii: "+") && !isUpper(byte)
        }
        guard !isPlain else { return raw }
        var key: [UInt8] = []
        query.append(range, as: form, to: &key)
        return key.map { isUpper($0) ? $0 | 0x20 : $0 }[...]
    }

    private static func isUpper(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
    }
}
