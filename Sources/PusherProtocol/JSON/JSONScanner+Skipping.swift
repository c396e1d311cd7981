extension JSONScanner {
    /// Moves over a value of any kind, checking all of it, and answers where its text is.
    @discardableResult
    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        skipWhitespace()
        let start = offset
        var containers = OpenContainers()
        repeat {
            try skipToEndOfScalar(&containers)
            try close(&containers)
        } while containers.count > 0
        return start..<offset
    }

    /// Opens containers until a value without content of its own has been moved over: a scalar or an empty container.
    private mutating func skipToEndOfScalar(_ containers: inout OpenContainers) throws(JSONError) {
        while true {
            switch try peekKind() {
            case .string:
                _ = try readString()
                return
            case .number:
                return try skipNumber()
            case .bool:
                return try skipLiteral(bytes[offset] == ASCII.t ? "true" : "false")
            case .null:
                return try skipLiteral("null")
            case .object:
                try push(&containers, isObject: true)
                guard try !skipClosing(ASCII.closeBrace, &containers) else { return }
                _ = try scanKey()
            case .array:
                try push(&containers, isObject: false)
                guard try !skipClosing(ASCII.closeBracket, &containers) else { return }
            }
        }
    }

    /// Closes containers as long as they end here; stops before the next value, or with none open.
    private mutating func close(_ containers: inout OpenContainers) throws(JSONError) {
        while containers.count > 0 {
            let isObject = containers.isObjectInnermost
            if try skipClosing(isObject ? ASCII.closeBrace : ASCII.closeBracket, &containers) { continue }
            guard bytes[offset] == ASCII.comma else { throw JSONError(.unexpectedCharacter, at: offset) }
            offset &+= 1
            if isObject { _ = try scanKey() }
            return
        }
    }

    private mutating func push(_ containers: inout OpenContainers, isObject: Bool) throws(JSONError) {
        offset &+= 1
        try enter(atDepth: depth &+ containers.count)
        containers.push(isObject: isObject)
    }

    private mutating func skipClosing(_ byte: UInt8, _ containers: inout OpenContainers) throws(JSONError) -> Bool {
        skipWhitespace()
        guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
        guard bytes[offset] == byte else { return false }
        offset &+= 1
        containers.pop()
        return true
    }
}

/// The kinds of up to 64 open containers, innermost in the lowest bit.
private struct OpenContainers {
    private(set) var count = 0
    private var kinds: UInt64 = 0

    var isObjectInnermost: Bool { kinds & 1 == 1 }

    mutating func push(isObject: Bool) {
        kinds = kinds << 1 | (isObject ? 1 : 0)
        count &+= 1
    }

    mutating func pop() {
        kinds >>= 1
        count &-= 1
    }
}
