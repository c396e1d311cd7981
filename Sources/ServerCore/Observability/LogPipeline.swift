package import CoreMetrics
package import Logging
import Synchronization

/// What all loggers of the process share: the output, the flood guard and the debug focus.
///
/// Log metadata never holds secrets, signatures, payloads or user data: nothing here looks for them.
package final class LogPipeline: Sendable {
    let configuration: LogConfiguration
    private let output: LogOutput
    private let now: @Sendable () -> ContinuousClock.Instant
    private let dropped: Counter
    private let floodGuard: Mutex<LogFloodGuard>
    private let hasFocus: Atomic<Bool>
    private let currentFocus: Mutex<DebugFocus>

    /// Makes a pipeline to the configured descriptor; `log_lines_dropped_total` counts in the given factory.
    package convenience init(
        configuration: LogConfiguration = LogConfiguration(),
        focus: DebugFocus = DebugFocus(),
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        let descriptor: Int32 =
            switch configuration.destination {
            case .standardOutput: 1
            case .standardError: 2
            }
        self.init(
            configuration: configuration,
            focus: focus,
            metrics: metrics,
            output: LogOutput(descriptor: descriptor),
            now: { .now }
        )
    }

    init(
        configuration: LogConfiguration,
        focus: DebugFocus,
        metrics: any MetricsFactory,
        output: LogOutput,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.configuration = configuration
        self.output = output
        self.now = now
        dropped = Counter(label: MetricName.logLinesDropped.rawValue, factory: metrics)
        floodGuard = Mutex(LogFloodGuard(maxEqualLinesPerSecond: configuration.maxEqualLinesPerSecond))
        hasFocus = Atomic(!focus.isEmpty)
        currentFocus = Mutex(focus)
    }

    /// Makes the handler of one logger, for `LoggingSystem.bootstrap`.
    package func makeHandler(
        label: String,
        metadataProvider: Logger.MetadataProvider? = nil
    ) -> StructuredLogHandler {
        StructuredLogHandler(label: label, pipeline: self, metadataProvider: metadataProvider)
    }

    /// What is traced; may change while the server runs and then holds for all loggers at once.
    package var focus: DebugFocus {
        get { currentFocus.withLock { $0 } }
        set {
            currentFocus.withLock { focus in
                focus = newValue
                hasFocus.store(!newValue.isEmpty, ordering: .relaxed)
            }
        }
    }

    /// Says whether anything is traced; without a lock, because every log statement asks.
    var isFocused: Bool {
        hasFocus.load(ordering: .relaxed)
    }

    /// Sums up suppressed lines every second, also when no other line comes, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(1))
            } catch {
                break
            }
            writeSummaries(isFinal: false)
        }
        writeSummaries(isFinal: true)
    }

    /// Sums up the suppressed lines that are due, or all at the end of the process.
    package func writeSummaries(isFinal: Bool) {
        let now = now()
        write(floodGuard.withLock { $0.takeSummaries(at: now, isFinal: isFinal) })
    }

    /// Writes a line unless too many of its kind came.
    func write(_ line: LogLine) {
        guard line.level >= .warning else {
            send(line)
            return
        }
        let now = now()
        let kind = LogFloodGuard.Kind(label: line.label, message: line.message)
        let (isAdmitted, summaries) = floodGuard.withLock { $0.admit(kind, at: now) }
        write(summaries)
        if isAdmitted {
            send(line)
        } else {
            dropped.increment()
        }
    }

    private func write(_ summaries: [LogFloodGuard.Summary]) {
        for summary in summaries {
            let metadata = Logger.Metadata([
                .count: .stringConvertible(summary.count),
                .reason: .string(summary.kind.message),
            ])
            send(
                LogLine(
                    time: .now,
                    level: .warning,
                    label: summary.kind.label,
                    message: "log lines suppressed",
                    metadata: metadata
                )
            )
        }
    }

    private func send(_ line: LogLine) {
        let bytes =
            switch configuration.format {
            case .json: line.json()
            case .human: line.human(usesColour: configuration.usesColour)
            }
        if !output.write(bytes) { dropped.increment() }
    }
}
