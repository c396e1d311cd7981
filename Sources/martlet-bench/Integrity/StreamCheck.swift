/// Reads one subscriber's stream whole and compares every frame with what was published.
struct StreamCheck {
    private var carry: [UInt8] = []
    private(set) var lastNumber: Int?
    private(set) var frames = 0

    /// A frame that is not what was due.
    struct Violation: Error {
        var description: String
    }

    /// Starts anew, for a connection that has been opened again.
    mutating func restart() {
        self = StreamCheck()
    }

    /// Takes bytes in; the closure gets the protocol's own messages and control frames.
    mutating func receive(
        _ bytes: UnsafeRawBufferPointer,
        prefix: [UInt8],
        texts: ReferenceTexts,
        other: (UInt8, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        carry.append(contentsOf: bytes)
        var start = 0
        let buffered = carry
        try buffered.withUnsafeBytes { buffered in
            while let frame = Self.frame(in: buffered, at: start) {
                let payload = UnsafeRawBufferPointer(rebasing: buffered[frame.payload])
                start = frame.payload.upperBound
                guard frame.opcode == ClientFrame.text, !ControlText.isControl(payload) else {
                    guard [ClientFrame.text, ClientFrame.ping, ClientFrame.pong].contains(frame.opcode) else {
                        throw Violation(description: "a frame with opcode \(frame.opcode)")
                    }
                    try other(frame.opcode, payload)
                    continue
                }
                try check(payload, prefix: prefix, texts: texts)
            }
        }
        carry.removeFirst(start)
    }

    private mutating func check(_ text: UnsafeRawBufferPointer, prefix: [UInt8], texts: ReferenceTexts) throws {
        let overhead = prefix.count + 2
        guard text.count >= overhead + ReferenceTexts.numberBytes, text.prefix(prefix.count).elementsEqual(prefix),
            text.suffix(2).elementsEqual(Array("\"}".utf8))
        else {
            throw Violation(description: "a torn frame: \(String(decoding: text.prefix(120), as: UTF8.self))")
        }
        let data = UnsafeRawBufferPointer(rebasing: text[prefix.count..<(text.count - 2)])
        let digits = String(decoding: data.prefix(ReferenceTexts.numberBytes), as: UTF8.self)
        guard let number = Int(digits), texts.matches(data, number: number) else {
            throw Violation(description: "event \(digits) with other bytes than it was published with")
        }
        if let lastNumber, number != lastNumber + 1 {
            throw Violation(description: "event \(number) after \(lastNumber)")
        }
        lastNumber = number
        frames += 1
    }

    private static func frame(
        in bytes: UnsafeRawBufferPointer,
        at start: Int
    ) -> (opcode: UInt8, payload: Range<Int>)? {
        guard bytes.count >= start + 2 else { return nil }
        let code = Int(bytes[start + 1])
        let lengthBytes = code < 126 ? 0 : code == 126 ? 2 : 8
        guard bytes.count >= start + 2 + lengthBytes else { return nil }
        var length = code < 126 ? code : 0
        for index in 0..<lengthBytes {
            length = length << 8 | Int(bytes[start + 2 + index])
        }
        let payload = start + 2 + lengthBytes
        guard bytes.count - payload >= length else { return nil }
        return (bytes[start] & 0x0f, payload..<(payload + length))
    }
}
