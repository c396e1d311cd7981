import ArgumentParser

/// The command `martlet apps`, a group.
struct AppsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apps",
        abstract: "Create, show, change and delete apps in the configured store.",
        discussion: """
            The store is the one of app_manager.driver. With the driver memory, apps stand in the configuration file: \
            they can be shown here and are changed there.

            Ends with status 0 on success, 1 if the configuration or the store fails, 2 if the app would not be valid, \
            3 if there is no such app, and 4 if the id or key is taken or the app was changed meanwhile.
            """,
        subcommands: [
            CreateAppCommand.self, GetAppCommand.self, ListAppsCommand.self, UpdateAppCommand.self,
            DisableAppCommand.self, RotateSecretCommand.self, DeleteAppCommand.self, ImportAppsCommand.self,
            ExportAppsCommand.self, AppTableCommand.self,
        ]
    )
}
