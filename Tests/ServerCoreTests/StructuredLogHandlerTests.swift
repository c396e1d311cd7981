import Foundation
import Logging
import PrometheusMetrics
import TestSupport
import Testing

@testable import ServerCore

@Suite("The log")
struct StructuredLogHandlerTests {
    private static func configuration(
        _ format: LogConfiguration.Format,
        _ change: (inout LogConfiguration) -> Void = { _ in }
    ) -> LogConfiguration {
        var configuration = LogConfiguration()
        configuration.format = format
        change(&configuration)
        return configuration
    }

    static let hostileTexts = [
        "\"}\n{\"level\":\"error\"", "\\", "\u{1b}[2J", "\u{9b}31m", "\u{0}\u{1f}\u{7f}", "é\u{301}🦤\u{a0}",
        "a\r\nb\tc",
        "{\"a\":1}", "",
    ]

    @Test("a JSON line has time, level, logger, message and merged metadata")
    func json() throws {
        let file = try LogFile(Self.configuration(.json))
        var logger = file.logger("martlet.server")
        logger[.appID] = "shop"
        logger[.reason] = "old"
        let metadata: Logger.Metadata = [
            "reason": "new", "count": .stringConvertible(3), "ok": .stringConvertible(true),
            "list": ["a", ["k": "v"]], "level": "taken",
        ]
        logger.warning("subscription refused", metadata: metadata)
        let line = try #require(try file.lines().first)
        let time = line.dropFirst(#"{"time":""#.count).prefix(24)
        #expect(
            line == #"{"time":"\#(time)","level":"warning","logger":"martlet.server","#
                + #""message":"subscription refused","app.id":"shop","count":3,"metadata.level":"taken","#
                + #""list":["a",{"k":"v"}],"ok":true,"reason":"new"}"#
        )
    }

    @Test("any text survives JSON and stays on its line", arguments: hostileTexts)
    func hostileJSON(text: String) throws {
        let file = try LogFile(Self.configuration(.json))
        file.logger("martlet.\(text)").error("\(text)", metadata: ["k\(text)": "\(text)", "list": ["\(text)"]])
        let objects = try file.objects()
        #expect(objects.count == 1)
        #expect(objects.first?["message"] as? String == text)
        #expect(objects.first?["logger"] as? String == "martlet.\(text)")
        #expect(objects.first?["k\(text)"] as? String == text)
        #expect(objects.first?["list"] as? [String] == [text])
    }

    @Test("random texts survive JSON", arguments: 0..<10)
    func randomJSON(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let file = try LogFile(Self.configuration(.json) { $0.maxEqualLinesPerSecond = 1_000 })
        let logger = file.logger("martlet")
        var texts: [String] = []
        for _ in 0..<200 {
            let scalars = (0..<Int.random(in: 0..<40, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0..<0x1_0000 >> Int.random(in: 0..<9, using: &random), using: &random))
            }
            texts.append(String(String.UnicodeScalarView(scalars)))
            logger.info("text", metadata: ["text": "\(texts[texts.count - 1])"])
        }
        // Compared by scalars: equal strings may be written differently.
        let read = try file.objects().map { ($0["text"] as? String ?? "?").unicodeScalars.map(\.value) }
        #expect(read == texts.map { $0.unicodeScalars.map(\.value) })
    }

    @Test("the human form quotes what could be mistaken and lets no control character through", arguments: hostileTexts)
    func hostileHuman(text: String) throws {
        let file = try LogFile(Self.configuration(.human))
        file.logger("martlet").error("\(text)", metadata: ["k": "\(text)", "l": "plain", "m": "two words"])
        let lines = try file.lines()
        #expect(lines.count == 1)
        #expect(lines.first?.hasSuffix(#" l=plain m="two words""#) == true)
        let isClean = lines.allSatisfy { line in
            line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        }
        #expect(isClean)
    }

    @Test("the human form reads well, with and without colour")
    func human() {
        let line = LogLine(
            time: LogTimestamp(seconds: 0, milliseconds: 7),
            level: .info,
            label: "martlet",
            message: "listening",
            metadata: ["port": "6001"]
        )
        #expect(
            String(decoding: line.human(usesColour: false), as: UTF8.self)
                == "1970-01-01T00:00:00.007Z info     martlet: listening port=6001\n"
        )
        #expect(
            String(decoding: line.human(usesColour: true), as: UTF8.self)
                == "1970-01-01T00:00:00.007Z \u{1b}[32minfo\u{1b}[0m     martlet: listening port=6001\n"
        )
    }

    @Test("a very long value is cut between two characters", arguments: 0..<4)
    func long(offset: Int) throws {
        let file = try LogFile(Self.configuration(.json))
        let text = String(repeating: "a", count: offset) + String(repeating: "🦤", count: 5_000)
        file.logger("martlet").info("text", metadata: ["text": "\(text)"])
        let read = try #require(try file.objects().first?["text"] as? String)
        #expect(read.hasSuffix("🦤…"))
        #expect(text.hasPrefix(read.dropLast()))
        #expect((LogText.maxBytes...LogText.maxBytes + 8).contains(read.utf8.count))
    }

    @Test("an area has its level, the longest name wins")
    func levels() throws {
        let areas: [String: Logger.Level] = ["martlet": .warning, "martlet.webhooks": .debug, "martlet.web": .trace]
        let file = try LogFile(Self.configuration(.json) { $0.areaLevels = areas })
        #expect(file.logger("martlet.webhooks").logLevel == .debug)
        #expect(file.logger("martlet.webhooks.delivery").logLevel == .debug)
        #expect(file.logger("martlet.webhooksX").logLevel == .warning)
        #expect(file.logger("martlet").logLevel == .warning)
        #expect(file.logger("other").logLevel == .info)
        file.logger("martlet.server").info("not written")
        #expect(try file.lines().isEmpty)
    }

    @Test("an error of a line is in its metadata")
    func error() throws {
        let file = try LogFile(Self.configuration(.json))
        file.logger("martlet").error("failed", error: BackendError(.closed, "shutting down"))
        #expect(try file.objects().first?["error.message"] as? String == "closed: shutting down")
    }

    @Test("lines of many threads are never mixed")
    func concurrency() async throws {
        let file = try LogFile(Self.configuration(.json))
        let logger = file.logger("martlet")
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for line in 0..<100 {
                        let padding = String(repeating: "x", count: 3_000)
                        logger.info("line", metadata: ["id": "\(writer).\(line)", "padding": "\(padding)"])
                    }
                }
            }
        }
        let objects = try file.objects()
        #expect(objects.count == 800)
        #expect(Set(objects.compactMap { $0["id"] as? String }).count == 800)
    }
}
