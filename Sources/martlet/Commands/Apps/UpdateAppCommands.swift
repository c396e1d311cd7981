import ArgumentParser
import ServerCore

/// Changes one app in the store, if what comes out is valid, and shows it.
private struct AppChange {
    var catalog: CatalogOptions
    var dryRun: Bool
    var id: String

    /// Makes the change on a copy first, so that an app that would not be valid is never written.
    func run(showsSecret: Bool = false, _ change: @escaping @Sendable (inout App) -> Void) async throws {
        try await AppsFailure.reporting {
            let store = try await catalog.open(writing: true)
            guard var app = try await store.app(id: id) else { throw AppsFailure.noApp(id) }
            change(&app)
            let problems = app.validate()
            guard problems.isEmpty else { throw AppsFailure(invalid: problems) }
            if !dryRun {
                guard let changed = try await store.update(id: id, change) else { throw AppsFailure.noApp(id) }
                app = changed
            }
            let showsSecret = showsSecret && !dryRun
            print(
                catalog.json
                    ? try AppReport.json(app, withSecret: showsSecret)
                    : try AppReport.details(app, withSecret: showsSecret).joined(separator: "\n")
            )
        }
    }
}

/// The command `martlet apps update`.
struct UpdateAppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change what an app may do; what is not given stays as it is."
    )

    @OptionGroup var catalog: CatalogOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var policy: AppPolicyOptions

    @Argument(help: "The app's id.")
    var id: String

    @Flag(inversion: .prefixedEnableDisable, help: "Switch the app on or off.")
    var app: Bool?

    func run() async throws {
        let isEnabled = app
        try await AppsFailure.reporting {
            let policy = try policy.change()
            try await AppChange(catalog: catalog, dryRun: change.dryRun, id: id).run { app in
                policy.apply(to: &app)
                app.isEnabled = isEnabled ?? app.isEnabled
            }
        }
    }
}

/// The command `martlet apps disable`.
struct DisableAppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Switch an app off: its connections and requests are refused."
    )

    @OptionGroup var catalog: CatalogOptions
    @OptionGroup var change: ChangeOptions

    @Argument(help: "The app's id.")
    var id: String

    func run() async throws {
        try await AppChange(catalog: catalog, dryRun: change.dryRun, id: id).run { $0.isEnabled = false }
    }
}

/// The command `martlet apps rotate-secret`.
struct RotateSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-secret",
        abstract: "Give an app a new secret and print it once; the old one stays valid until it is dropped.",
        discussion: "When every client has the new secret, --drop-previous ends the old one."
    )

    @OptionGroup var catalog: CatalogOptions
    @OptionGroup var change: ChangeOptions

    @Argument(help: "The app's id.")
    var id: String

    @Flag(help: "Make no new secret; end the older ones.")
    var dropPrevious = false

    func run() async throws {
        let work = AppChange(catalog: catalog, dryRun: change.dryRun, id: id)
        if dropPrevious {
            try await work.run { $0.previousSecrets = [] }
        } else {
            let secret = AppCredentials.secret()
            try await work.run(showsSecret: true) { app in
                // Two at a time: a third would be one that nobody remembers.
                app.previousSecrets = [app.secret]
                app.secret = secret
            }
        }
    }
}
