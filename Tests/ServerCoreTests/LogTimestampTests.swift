import Foundation
import TestSupport
import Testing

@testable import ServerCore

@Suite("The log's timestamp")
struct LogTimestampTests {
    private func text(_ seconds: Int, _ milliseconds: Int = 0) -> String {
        var bytes: [UInt8] = []
        LogTimestamp(seconds: seconds, milliseconds: milliseconds).append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "known moments",
        arguments: [
            (0, "1970-01-01T00:00:00.042Z"), (951_782_400, "2000-02-29T00:00:00.042Z"),
            (1_709_251_199, "2024-02-29T23:59:59.042Z"), (4_107_542_399, "2100-02-28T23:59:59.042Z"),
            (4_107_542_400, "2100-03-01T00:00:00.042Z"), (-1, "1969-12-31T23:59:59.042Z"),
        ]
    )
    func known(seconds: Int, expected: String) {
        #expect(text(seconds, 42) == expected)
    }

    @Test("random moments are what Foundation says")
    func random() {
        var random = SeededGenerator(seed: 1)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        for _ in 0..<2_000 {
            let seconds = Int.random(in: -5_000_000_000...10_000_000_000, using: &random)
            #expect(text(seconds) == formatter.string(from: Date(timeIntervalSince1970: Double(seconds))))
        }
    }
}
