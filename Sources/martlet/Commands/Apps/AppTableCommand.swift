import AWSBackend
import ArgumentParser
import ServerCore

/// The command `martlet apps table`, a group.
struct AppTableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table",
        abstract: "Prepare the store of apps.",
        subcommands: [Create.self]
    )

    /// The command `martlet apps table create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the table of apps, or check the one that exists.",
            discussion: """
                DynamoDB: the table database.dynamodb.table_name with the index of keys, billed by request and with \
                recovery to any point in time.
                """
        )

        @OptionGroup var configuration: ConfigurationOptions

        @Flag(help: "In DynamoDB.")
        var dynamodb = false

        func validate() throws {
            guard dynamodb else { throw ValidationError("Say where the table is to be: --dynamodb.") }
        }

        func run() async throws {
            let settings = try await configuration.load().settings
            try await AppsFailure.reporting {
                let problems = settings.dynamoDB.validate()
                guard problems.isEmpty else { throw AppsFailure(invalid: problems) }
                let outcome = try await CatalogOptions.aws().table(settings.dynamoDB).create()
                let name = settings.dynamoDB.tableName
                print(outcome == .created ? "created table '\(name)'" : "table '\(name)' exists and has the right form")
            }
        }
    }
}
