import AWSBackend
import ArgumentParser
import CurlHTTP
import Logging
import MemoryBackend
import ServerCore

/// The options of every command about apps, and the way to the store.
struct CatalogOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "Print JSON, for other programs.")
    var json = false

    /// Opens the configured store; with `writing`, one that can be changed.
    func open(writing: Bool) async throws -> any AppCatalog {
        let settings = try await configuration.load().settings
        switch settings.drivers.appManager {
        case .memory:
            guard !writing else {
                throw AppsFailure(
                    .storeFailed,
                    "with app_manager.driver 'memory' the apps stand in the configuration (app_manager.array.apps): "
                        + "change them there, or use a driver that stores apps"
                )
            }
            return try MemoryAppManager(apps: settings.appManager.apps)
        case .dynamoDB:
            let store = try Self.aws().appManager(settings.dynamoDB)
            return writing && settings.drivers.adapter != .local
                ? AnnouncingCatalog(store, settings: settings) : store
        }
    }

    /// Makes the clients of AWS for a command.
    static func aws() throws -> AWSBackend {
        AWSBackend(
            transport: try CurlHTTPClient(),
            environment: AWSEnvironment(logger: Logger(label: "martlet.aws") { _ in SwiftLogNoOpLogHandler() })
        )
    }
}

/// The option of commands that change something.
struct ChangeOptions: ParsableArguments {
    @Flag(help: "Check everything and change nothing.")
    var dryRun = false
}
