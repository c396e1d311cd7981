import ArgumentParser
import ServerCore

/// The command `martlet apps delete`.
struct DeleteAppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an app for good; disable only switches it off."
    )

    @OptionGroup var catalog: CatalogOptions
    @OptionGroup var change: ChangeOptions

    @Argument(help: "The app's id.")
    var id: String

    func run() async throws {
        try await AppsFailure.reporting {
            let store = try await catalog.open(writing: true)
            let exists = change.dryRun ? try await store.app(id: id) != nil : try await store.delete(id: id)
            guard exists else { throw AppsFailure.noApp(id) }
            if !catalog.json {
                print(change.dryRun ? "would delete app '\(id)'" : "deleted app '\(id)'")
            }
        }
    }
}
