import CoreMetrics
import Foundation
import Logging
import TestSupport

@testable import ServerCore

/// A pipeline that writes into a temporary file, and the file's lines.
final class LogFile {
    let clock = ManualClock()
    let pipeline: LogPipeline
    private let descriptor: Int32
    private let path: String

    init(_ configuration: LogConfiguration, metrics: any MetricsFactory = NOOPMetricsHandler.instance) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        pipeline = LogPipeline(
            configuration: configuration,
            focus: DebugFocus(),
            metrics: metrics,
            output: LogOutput(descriptor: descriptor),
            now: clock.continuousNow
        )
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Makes a logger of this pipeline alone.
    func logger(_ label: String) -> Logger {
        Logger(label: label) { [pipeline] label in pipeline.makeHandler(label: label) }
    }

    /// Reads the lines without their line feeds.
    func lines() throws -> [String] {
        let content = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        return content.unicodeScalars.split(separator: "\n").map { String($0) }
    }

    /// Reads the lines as JSON objects.
    func objects() throws -> [[String: Any]] {
        try lines().map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        }
    }
}
