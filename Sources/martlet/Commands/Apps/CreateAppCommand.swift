import ArgumentParser
import ServerCore

/// The command `martlet apps create`.
struct CreateAppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create an app and print its credentials; the secret is not shown again."
    )

    @OptionGroup var catalog: CatalogOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var policy: AppPolicyOptions

    @Option(help: "The id; without it one of ten digits is made.")
    var id: String?

    @Option(help: "The public key; without it a random one is made.")
    var key: String?

    func run() async throws {
        try await AppsFailure.reporting {
            let store = try await catalog.open(writing: true)
            var app = App(
                id: id ?? AppCredentials.id(),
                key: key ?? AppCredentials.key(),
                secret: AppCredentials.secret()
            )
            try policy.change().apply(to: &app)
            let problems = app.validate()
            guard problems.isEmpty else { throw AppsFailure(invalid: problems) }
            if change.dryRun {
                guard try await store.app(id: app.id) == nil, try await store.app(key: app.key) == nil else {
                    throw AppsFailure(.conflict, "an app with the id '\(app.id)' or with the key exists already")
                }
            } else {
                try await store.put(app, replacing: false)
            }
            // A dry run's secret would be one that is valid nowhere.
            let showsSecret = !change.dryRun
            print(
                catalog.json
                    ? try AppReport.json(app, withSecret: showsSecret)
                    : try AppReport.details(app, withSecret: showsSecret).joined(separator: "\n")
            )
        }
    }
}
