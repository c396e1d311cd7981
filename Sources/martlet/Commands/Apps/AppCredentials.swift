/// Makes ids, keys and secrets from the system's random numbers.
enum AppCredentials {
    /// Ten digits, as official server libraries demand digits in URLs.
    static func id() -> String {
        String(UInt64.random(in: 1_000_000_000...9_999_999_999))
    }

    /// Eighty random bits.
    static func key() -> String {
        hex(bytes: 10)
    }

    /// 256 random bits, as many as the signature has.
    static func secret() -> String {
        hex(bytes: 32)
    }

    private static func hex(bytes: Int) -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<bytes).map { _ in
            let digits = String(UInt8.random(in: 0...255, using: &random), radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        .joined()
    }
}
