import AWSBackend
import FoundationEssentials
import TestSupport
import Testing

@Suite("AWS's forms of time")
struct AWSTimeTests {
    @Test(
        "timestamps are read with fractions and offsets",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600), ("2026-03-01T04:05:06Z", 1_772_337_906),
            ("2026-03-01T05:05:06+01:00", 1_772_337_906), ("2026-03-01T04:05:06.250Z", 1_772_337_906.25),
        ] as [(String, Double)]
    )
    func timestamps(text: String, seconds: Double) {
        #expect(AWSTime.parseTimestamp(text)?.timeIntervalSince1970 == seconds)
    }

    @Test(
        "what is no timestamp is refused",
        arguments: [
            "", "2026", "2026-13-01T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T04:05:06", "2026-03-01 04:05:06Z",
            "2026-03-01T04:05:06Zx", "2026-03-01T04:05:06.Z", "2026-03-01T04:05:06+0100", "+026-03-01T04:05:06Z",
            "2026-03-01T04:05:06é",
        ]
    )
    func malformed(text: String) {
        #expect(AWSTime.parseTimestamp(text) == nil)
    }

    @Test("the date of an HTTP answer is read")
    func httpDate() {
        #expect(AWSTime.parseHTTPDate("Sun, 06 Nov 1994 08:49:37 GMT")?.timeIntervalSince1970 == 784_111_777)
        for text in [
            "", "Sun, 06 Nov 1994 08:49:37 CET", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        ] {
            #expect(AWSTime.parseHTTPDate(text) == nil)
        }
    }

    @Test("every second is written and read back as itself")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let seconds = Double(Int64.random(in: -2_000_000_000...8_000_000_000, using: &random))
            let basic = Array(AWSTime.basic(Date(timeIntervalSince1970: seconds)))
            let text =
                "\(String(basic[0..<4]))-\(String(basic[4..<6]))-\(String(basic[6..<11])):\(String(basic[11..<13])):"
                + String(basic[13...])
            #expect(AWSTime.parseTimestamp(text)?.timeIntervalSince1970 == seconds, "\(text)")
        }
    }
}
