/// One reading of an app from its store, which many requests share without copying it.
///
/// Equal identities are the same reading; another reading may still say the same.
package final class SharedApp: Sendable, Equatable {
    package let app: App

    /// Wraps an app.
    package init(_ app: App) {
        self.app = app
    }

    package static func == (left: SharedApp, right: SharedApp) -> Bool {
        left === right || left.app == right.app
    }
}
