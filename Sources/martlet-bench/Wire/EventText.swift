/// The text of the events that are published, with the time at which they were due.
///
/// All servers deliver the same bytes: `{"event":"bench","channel":"c","data":"T<16 hex digits>xxxx…"}`.
struct EventText {
    /// The bytes of `data`, at least the stamp's 17.
    var dataBytes: Int

    static let name = "bench"
    private static let marker: StaticString = "\"data\":\"T"
    private static let digits = Array("0123456789abcdef".utf8)

    /// `data` for an event that is due at a time.
    func data(stamp: UInt64) -> String {
        var text: [UInt8] = [UInt8(ascii: "T")]
        for shift in stride(from: 60, through: 0, by: -4) {
            text.append(Self.digits[Int(stamp >> UInt64(shift) & 15)])
        }
        text.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: max(0, dataBytes - text.count)))
        return String(decoding: text, as: UTF8.self)
    }

    /// The text that subscribers get.
    static func delivered(channel: String, data: String) -> String {
        #"{"event":"\#(name)","channel":"\#(channel)","data":"\#(data)"}"#
    }

    /// Finds the stamp in a delivered text and returns its time.
    static func stamp(in text: UnsafeRawBufferPointer, hint: inout Int) -> UInt64? {
        if let stamp = stamp(in: text, at: hint) { return stamp }
        let limit = min(text.count, 512)
        guard limit > 25 else { return nil }
        for offset in 0..<(limit - 25) {
            if let stamp = stamp(in: text, at: offset) {
                hint = offset
                return stamp
            }
        }
        return nil
    }

    @inline(__always)
    private static func stamp(in text: UnsafeRawBufferPointer, at offset: Int) -> UInt64? {
        let count = marker.utf8CodeUnitCount
        guard offset >= 0, text.count >= offset + count + 16 else { return nil }
        for index in 0..<count where text[offset + index] != marker.utf8Start[index] {
            return nil
        }
        var value: UInt64 = 0
        for index in 0..<16 {
            let byte = text[offset + count + index]
            let digit = byte < 0x3a ? byte &- 0x30 : byte &- 0x57
            guard digit < 16 else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}
