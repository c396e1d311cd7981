import ChannelHub
import PusherProtocol
import ServerCore

/// Looks now and then at the apps whose clients are connected, so that a change reaches them although no request asks.
///
/// The app cache answers, and asks the store when an app's time is over; in a cluster it is told of changes before.
struct AppWatch {
    private static let interval = Duration.seconds(1)

    let services: ServerServices

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            // Cancelled: the condition notices.
            try? await Task.sleep(for: Self.interval)
            for app in services.hub.apps.all where app.connections > 0 {
                await look(at: app)
            }
        }
    }

    private func look(at app: ActiveApp) async {
        do throws(BackendError) {
            if let policies = try await services.backends.apps.app(id: app.id) {
                // Closes the connections of an app that has been disabled.
                _ = services.hub.apps.activate(policies)
            } else {
                services.hub.closeConnections(of: app, .appNotFound)
            }
        } catch {
            // A store that is away takes nobody's connection.
        }
    }
}
