import Glibc

/// A moment in UTC, written as ISO 8601 with milliseconds.
struct LogTimestamp: Equatable {
    /// Since the Unix epoch.
    var seconds: Int
    var milliseconds: Int

    /// The moment by the system's clock.
    static var now: LogTimestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTimestamp(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    /// Appends such as `2026-11-24T11:55:11.042Z`.
    func append(to bytes: inout [UInt8]) {
        let days = seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
        let second = seconds - days * 86_400
        let date = Self.date(daysSinceEpoch: days)
        Self.append(date.year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(date.month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(date.day, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        Self.append(second / 3_600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.append(second / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.append(second % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        Self.append(milliseconds, digits: 3, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Turns a count of days into a date of the Gregorian calendar.
    ///
    /// Years are counted from March, so that the leap day is the last of its year, in eras of 400 years.
    private static func date(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let daysPerEra = 146_097
        let daysToEpoch = 719_468
        let days = daysSinceEpoch + daysToEpoch
        let era = (days >= 0 ? days : days - daysPerEra + 1) / daysPerEra
        let dayOfEra = days - era * daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func append(_ number: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}
