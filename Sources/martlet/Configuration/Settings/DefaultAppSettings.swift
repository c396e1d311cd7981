import ServerCore

/// One app from the environment, which takes the place of all inline apps.
///
/// Limits that are not set are Martlet's, which are Pusher's; Sockudo takes 100 for each of them. Sizes are in the
/// units of the app object: kibibytes for payloads and members.
struct DefaultAppSettings: Sendable, Equatable {
    var id: String?
    var key: String?
    var secret: String?
    /// Older secrets that still verify.
    var previousSecrets: [String] = []
    /// False takes away the inline apps as well.
    var isEnabled = true
    var limits = AppLimits()
    var features = AppFeatures()
    var allowedOrigins: [String] = []

    /// Says whether any credential is set.
    var isNamed: Bool {
        id != nil || key != nil || secret != nil
    }

    /// The app, or `nil` unless id, key and secret are all set.
    var app: App? {
        guard let id, let key, let secret else { return nil }
        var app = App(id: id, key: key, secret: secret, limits: limits, features: features)
        app.previousSecrets = previousSecrets
        app.allowedOrigins = allowedOrigins
        return app
    }

    /// Lists the credentials that are missing beside those that are set.
    var missingCredentials: [ConfigurationProblem] {
        guard isNamed else { return [] }
        return [("id", id), ("key", key), ("secret", secret)].filter { $0.1 == nil }.map { name, _ in
            ConfigurationProblem(
                key: "default_app.\(name)",
                message: "must be set too: the default app needs an id, a key and a secret"
            )
        }
    }
}
