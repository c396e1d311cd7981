/// The events of an integrity run: which size each has, and which bytes.
///
/// Sixteen patterns for each size, different at every place, so that bytes of one event within another are seen.
struct ReferenceTexts {
    /// Sizes of `data`, in the order in which they are published; the large ones are rare.
    static let sizes = [
        20, 200, 200, 2000, 20, 200, 30_000, 20, 200, 2000, 20, 20, 200, 2000, 200, 20, 200, 100_000, 20, 2000,
    ]
    private static let patterns = 16
    /// The bytes of the sequence number at the front.
    static let numberBytes = 10

    private let fillings: [[UInt8]]

    init() {
        let longest = Self.sizes.max() ?? 0
        fillings = (0..<Self.patterns).map { pattern in
            var state = UInt32(truncatingIfNeeded: pattern) &* 2_654_435_761 | 1
            return (0..<longest).map { _ in
                state ^= state << 13
                state ^= state >> 17
                state ^= state << 5
                return UInt8(ascii: "a") + UInt8(state % 26)
            }
        }
    }

    /// `data` of the event with a number.
    func data(_ number: Int) -> [UInt8] {
        let digits = Array(String(number).utf8)
        let padded = [UInt8](repeating: UInt8(ascii: "0"), count: Self.numberBytes - digits.count) + digits
        return padded + filling(number)
    }

    /// What follows the number.
    private func filling(_ number: Int) -> ArraySlice<UInt8> {
        fillings[number % Self.patterns][..<(Self.sizes[number % Self.sizes.count] - Self.numberBytes)]
    }

    /// Says whether the bytes are the data of the event with a number.
    func matches(_ bytes: UnsafeRawBufferPointer, number: Int) -> Bool {
        let size = Self.sizes[number % Self.sizes.count]
        guard bytes.count == size else { return false }
        return fillings[number % Self.patterns].withUnsafeBytes { filling in
            UnsafeRawBufferPointer(rebasing: bytes[Self.numberBytes...])
                .elementsEqual(UnsafeRawBufferPointer(rebasing: filling[..<(size - Self.numberBytes)]))
        }
    }
}
