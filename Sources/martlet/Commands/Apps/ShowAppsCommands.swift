import ArgumentParser
import ServerCore

/// The command `martlet apps get`.
struct GetAppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show one app; its secret only on request."
    )

    @OptionGroup var catalog: CatalogOptions

    @Argument(help: "The app's id.")
    var id: String

    @Flag(help: "Show the secrets.")
    var withSecrets = false

    func run() async throws {
        try await AppsFailure.reporting {
            guard let app = try await catalog.open(writing: false).app(id: id) else { throw AppsFailure.noApp(id) }
            print(
                catalog.json
                    ? try AppReport.json(app, withSecret: withSecrets)
                    : try AppReport.details(app, withSecret: withSecrets).joined(separator: "\n")
            )
        }
    }
}

/// The command `martlet apps list`.
struct ListAppsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show all apps, without secrets.")

    @OptionGroup var catalog: CatalogOptions

    func run() async throws {
        try await AppsFailure.reporting {
            let apps = try await catalog.open(writing: false).list()
            print(
                catalog.json
                    ? try AppReport.json(apps, withSecrets: false) : AppReport.table(apps).joined(separator: "\n")
            )
        }
    }
}

/// The command `martlet apps export`.
struct ExportAppsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print all apps as a JSON list with their secrets, as import reads it."
    )

    @OptionGroup var catalog: CatalogOptions

    func run() async throws {
        try await AppsFailure.reporting {
            print(try AppReport.json(try await catalog.open(writing: false).list(), withSecrets: true))
        }
    }
}
