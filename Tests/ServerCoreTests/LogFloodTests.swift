import Foundation
import Logging
import PrometheusMetrics
import TestSupport
import Testing

@testable import ServerCore

@Suite("The log's flood guard")
struct LogFloodTests {
    private let registry = PrometheusRegistry(prefix: "")

    private func makeFile() throws -> LogFile {
        var configuration = LogConfiguration()
        configuration.format = .json
        return try LogFile(configuration, metrics: registry)
    }

    private var dropped: String? {
        String(decoding: registry.render(), as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("log_lines_dropped_total ") }
            .map { String($0.dropFirst("log_lines_dropped_total ".count)) }
    }

    @Test("a flood of one message is ten lines and a summary a second")
    func flood() throws {
        let file = try makeFile()
        let logger = file.logger("martlet.server")
        for _ in 0..<1_000 { logger.warning("bad frame", metadata: ["socket.id": "1.2"]) }
        #expect(try file.lines().count == 10)
        #expect(dropped == "990")
        file.clock.advance(by: .seconds(1))
        logger.warning("bad frame")
        let objects = try file.objects()
        #expect(objects.count == 12)
        #expect(objects[10]["message"] as? String == "log lines suppressed")
        #expect(objects[10]["count"] as? Int == 990)
        #expect(objects[10]["reason"] as? String == "bad frame")
        #expect(objects[10]["logger"] as? String == "martlet.server")
        #expect(objects[11]["message"] as? String == "bad frame")
    }

    @Test("a flood that goes on stays at ten lines and a summary a second")
    func longFlood() throws {
        let file = try makeFile()
        let logger = file.logger("martlet.server")
        for _ in 0..<1_000 {
            logger.error("bad frame")
            file.clock.advance(by: .milliseconds(10))
        }
        let objects = try file.objects()
        let summaries = objects.filter { $0["message"] as? String == "log lines suppressed" }
        let reported = summaries.compactMap { $0["count"] as? Int }.reduce(0, +)
        #expect((100...112).contains(objects.count - summaries.count))
        #expect((8...10).contains(summaries.count))
        file.pipeline.writeSummaries(isFinal: true)
        let last = try file.objects().last?["count"] as? Int ?? 0
        #expect(objects.count - summaries.count + reported + last == 1_000)
    }

    @Test("other messages, other loggers and lower levels are not held back")
    func others() throws {
        let file = try makeFile()
        for _ in 0..<100 { file.logger("a").warning("flood") }
        file.logger("a").warning("other")
        file.logger("b").warning("flood")
        for _ in 0..<50 { file.logger("a").info("info") }
        #expect(try file.lines().count == 10 + 2 + 50)
    }

    @Test("a flood that ended is summed up with the next line of any kind, or on request")
    func summaryByOthers() throws {
        let file = try makeFile()
        for _ in 0..<15 { file.logger("a").warning("flood") }
        file.pipeline.writeSummaries(isFinal: false)
        #expect(try file.lines().count == 10)
        file.clock.advance(by: .seconds(1))
        file.logger("b").warning("other")
        #expect(try file.objects().map { $0["count"] as? Int ?? 0 }.suffix(2) == [5, 0])
        file.pipeline.writeSummaries(isFinal: true)
        #expect(try file.lines().count == 12)
    }

    @Test("a summary is not a way to a full bucket")
    func bucketAfterSummary() throws {
        let file = try makeFile()
        for _ in 0..<20 { file.logger("a").warning("flood") }
        file.pipeline.writeSummaries(isFinal: true)
        for _ in 0..<20 { file.logger("a").warning("flood") }
        #expect(try file.lines().count == 11)
    }

    @Test("the number of kinds is bounded and nothing suppressed is forgotten")
    func kinds() {
        var guardian = LogFloodGuard(maxEqualLinesPerSecond: 1)
        let now = ContinuousClock.now
        var summed = 0
        for index in 0..<3_000 {
            let kind = LogFloodGuard.Kind(label: "a", message: "\(index)")
            #expect(guardian.admit(kind, at: now).isAdmitted)
            let second = guardian.admit(kind, at: now)
            #expect(!second.isAdmitted)
            summed += second.summaries.count
        }
        summed += guardian.takeSummaries(at: now, isFinal: true).count
        #expect(summed > 1_000)
        #expect(summed <= 3_000)
    }

    @Test("a descriptor that is full costs lines, never a torn one")
    func fullPipe() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends { try #require(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
        defer { for end in ends { close(end) } }
        let output = LogOutput(descriptor: ends[1])
        let line = Array((String(repeating: "x", count: 9_999) + "\n").utf8)
        var taken = 0
        while output.write(line) { taken += 1 }
        #expect(!output.write(line))
        var read: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        read += chunk[..<max(Foundation.read(ends[0], &chunk, chunk.count), 0)]
        #expect(output.write(Array("whole\n".utf8)))
        read += chunk[..<max(Foundation.read(ends[0], &chunk, chunk.count), 0)]
        let lines = read.split(separator: UInt8(ascii: "\n"))
        #expect(lines.filter { $0.count == 9_999 }.count == taken)
        #expect(lines.last.map { Array($0) } == Array("whole".utf8))
        #expect(lines.count <= taken + 2)
    }
}
