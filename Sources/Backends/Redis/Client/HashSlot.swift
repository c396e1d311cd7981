/// One of the 16384 slots over which a cluster spreads its keys.
enum HashSlot {
    static let count = 16_384

    /// The slot of a key: of the part in the first braces if that is not empty, otherwise of the whole key
    /// (Redis Cluster specification, hash tags).
    static func of(_ key: [UInt8]) -> Int {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        else { return Int(crc16(key[...])) % count }
        return Int(crc16(key[(open + 1)..<close])) % count
    }

    /// The slot of all keys with a hash tag, given without its braces.
    static func of(tag: some Sequence<UInt8>) -> Int {
        Int(crc16(tag)) % count
    }

    /// CRC-16 of XMODEM: polynomial 0x1021, start 0.
    static func crc16(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes {
            crc = crc << 8 ^ table[Int(UInt8(truncatingIfNeeded: crc >> 8) ^ byte)]
        }
        return crc
    }

    private static let table: [UInt16] = (0..<256).map { index in
        (0..<8).reduce(UInt16(index) << 8) { crc, _ in
            crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021
        }
    }
}
