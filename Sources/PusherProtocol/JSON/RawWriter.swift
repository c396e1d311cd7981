/// Fills memory whose size was computed before, from front to back.
struct RawWriter {
    private let target: UnsafeMutableRawBufferPointer
    /// The bytes that are written.
    private(set) var count = 0

    init(_ target: UnsafeMutableRawBufferPointer) {
        self.target = target
    }

    /// Copies a literal.
    @inline(__always)
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Copies bytes.
    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: target[count...]).copyMemory(from: bytes)
        count &+= bytes.count
    }

    /// Writes valid UTF-8 as the content of a JSON string.
    @inline(__always)
    mutating func writeEscaped(_ bytes: UnsafeRawBufferPointer) {
        count &+= JSONEscaping.escape(bytes, into: UnsafeMutableRawBufferPointer(rebasing: target[count...]))
    }
}
