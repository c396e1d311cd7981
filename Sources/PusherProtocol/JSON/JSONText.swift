/// A string of a scanned JSON text: where its bytes are, still escaped, without the quotes.
///
/// It holds offsets only, so it stays valid as long as the same bytes are at hand, wherever they have moved. The scanner
/// has checked the escapes and the UTF-8: the bytes may be copied between quotes of another JSON text as they are, and
/// decoding cannot fail.
package struct JSONText: Sendable, Equatable {
    /// The bytes between the quotes, as offsets into the scanned bytes.
    package var range: Range<Int>
    /// The length in UTF-8 bytes after unescaping, which is what the protocol's limits count.
    package var decodedByteCount: Int

    /// Makes a text that the scanner has checked.
    package init(range: Range<Int>, decodedByteCount: Int) {
        self.range = range
        self.decodedByteCount = decodedByteCount
    }

    /// Whether the bytes differ from what they mean.
    package var hasEscapes: Bool {
        decodedByteCount != range.count
    }

    /// The escaped bytes.
    package func rawBytes(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// Compares what the text means with a literal.
    package func equals(_ literal: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard decodedByteCount == literal.utf8CodeUnitCount else { return false }
        let expected = UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        guard hasEscapes else {
            return Self.areEqual(rawBytes(in: bytes), expected)
        }
        var index = 0
        var isEqual = true
        forEachDecodedByte(in: bytes) { byte in
            isEqual = isEqual && byte == expected[index]
            index += 1
        }
        return isEqual
    }

    /// Makes a `String` of what the text means.
    package func decodedString(in bytes: UnsafeRawBufferPointer) -> String {
        guard hasEscapes else {
            return String(decoding: rawBytes(in: bytes), as: UTF8.self)
        }
        return String(unsafeUninitializedCapacity: decodedByteCount) { target in
            var index = 0
            forEachDecodedByte(in: bytes) { byte in
                target[index] = byte
                index += 1
            }
            return index
        }
    }

    /// Appends the UTF-8 bytes of what the text means.
    package func decode(from bytes: UnsafeRawBufferPointer, into target: inout [UInt8]) {
        guard hasEscapes else {
            target.append(contentsOf: rawBytes(in: bytes))
            return
        }
        target.reserveCapacity(target.count + decodedByteCount)
        forEachDecodedByte(in: bytes) { target.append($0) }
    }

    /// Calls the closure with the UTF-8 bytes of what the text means; copies only if there are escapes.
    package func withDecodedBytes<Result, Failure: Error>(
        in bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard hasEscapes else {
            return try body(rawBytes(in: bytes))
        }
        var decoded: [UInt8] = []
        decode(from: bytes, into: &decoded)
        // A do-catch would widen the error: the array's own closure call does not forward typed throws.
        let outcome: Swift.Result<Result, Failure> = decoded.withUnsafeBytes { buffer in
            do throws(Failure) {
                return .success(try body(buffer))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func areEqual(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count else { return false }
        var index = 0
        while index &+ 8 <= one.count {
            let left = one.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard left == other.loadUnaligned(fromByteOffset: index, as: UInt64.self) else { return false }
            index &+= 8
        }
        while index < one.count {
            guard one[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }
}
