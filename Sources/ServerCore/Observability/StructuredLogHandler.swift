package import Logging

/// The handler of one logger: decides by level and focus, merges metadata and hands lines to the pipeline.
package struct StructuredLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let pipeline: LogPipeline
    private var level: Logger.Level

    init(label: String, pipeline: LogPipeline, metadataProvider: Logger.MetadataProvider?) {
        self.label = label
        self.pipeline = pipeline
        self.metadataProvider = metadataProvider
        self.level = pipeline.configuration.level(for: label)
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// The level from which on lines are passed on: `trace` while some of them may belong to the debug focus.
    package var logLevel: Logger.Level {
        get { pipeline.isFocused && pipeline.focus.mayMatch(metadata) ? .trace : level }
        set { level = newValue }
    }

    package func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() {
            merged.merge(provided) { _, new in new }
        }
        if let own = event.metadata {
            merged.merge(own) { _, new in new }
        }
        if event.level < level, !pipeline.focus.matches(merged) { return }
        if let error = event.error, merged[LogKey.errorMessage.rawValue] == nil {
            merged[LogKey.errorMessage.rawValue] = "\(error)"
        }
        pipeline.write(
            LogLine(
                time: .now,
                level: event.level,
                label: label,
                message: event.message.description,
                metadata: merged
            )
        )
    }
}
