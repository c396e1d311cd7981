extension KeyedDecodingContainer {
    /// Reads a whole number from 0 to 4294967295, also from a string of digits; absent or null is `nil`.
    package func decodeCountIfPresent(forKey key: Key) throws -> Int? {
        guard contains(key), try !decodeNil(forKey: key) else { return nil }
        let number: Int64?
        do {
            number = try decode(Int64.self, forKey: key)
        } catch DecodingError.typeMismatch {
            number = Int64(try decodeDigits(forKey: key))
        } catch {
            // A fraction or a number that does not fit, for which decoders have many errors.
            number = nil
        }
        guard let number, (0...Int64(UInt32.max)).contains(number) else {
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: self,
                debugDescription: "must be a whole number from 0 to \(UInt32.max)"
            )
        }
        return Int(number)
    }

    /// Reads a number of kibibytes as bytes.
    package func decodeKibibytesIfPresent(forKey key: Key) throws -> Int? {
        try decodeCountIfPresent(forKey: key).map { $0 * 1024 }
    }

    /// Reads a number of milliseconds.
    package func decodeMillisecondsIfPresent(forKey key: Key) throws -> Duration? {
        try decodeCountIfPresent(forKey: key).map { .milliseconds($0) }
    }

    private func decodeDigits(forKey key: Key) throws -> String {
        do {
            return try decode(String.self, forKey: key)
        } catch DecodingError.typeMismatch {
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: self,
                debugDescription: "must be a whole number"
            )
        }
    }
}

extension Duration {
    /// The whole milliseconds in this duration, at most `Int64.max`.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflows else { return seconds < 0 ? .min : .max }
        let (sum, overflowsAgain) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflowsAgain ? .max : sum
    }
}
