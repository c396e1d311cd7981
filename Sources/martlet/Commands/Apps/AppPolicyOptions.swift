import ArgumentParser
import FoundationEssentials
import ServerCore

/// The options that say what an app may do; what is not given stays as it is.
struct AppPolicyOptions: ParsableArguments {
    @Option(
        name: .customLong("policy"),
        help: ArgumentHelp("Replace the whole policy with the JSON object in a file.", valueName: "path")
    )
    var policyPath: String?

    @Option(help: "Open connections over the whole cluster; 0 is unlimited.")
    var maxConnections: Int?

    @Option(help: "Client events a second and connection; 0 is unlimited.")
    var maxClientEventsPerSecond: Int?

    @Flag(inversion: .prefixedNo, help: "Clients may send events.")
    var clientEvents: Bool?

    @Flag(inversion: .prefixedNo, help: "Connections must sign in or join an authorized channel.")
    var userAuthentication: Bool?

    @Flag(inversion: .prefixedNo, help: "Users are told of their watchlist.")
    var watchlistEvents: Bool?

    @Flag(inversion: .prefixedNo, help: "Subscribers are told how many they are.")
    var subscriptionCount: Bool?

    @Option(
        name: .customLong("allowed-origin"),
        help: ArgumentHelp("An origin that may connect; replaces all. Can be repeated.", valueName: "pattern")
    )
    var allowedOrigins: [String] = []

    /// Reads the policy file and checks that the options can be applied to an app.
    func change() throws -> AppPolicyChange {
        AppPolicyChange(
            policy: try policyPath.map(Self.policy),
            maxConnections: maxConnections,
            maxClientEventsPerSecond: maxClientEventsPerSecond,
            clientEvents: clientEvents,
            userAuthentication: userAuthentication,
            watchlistEvents: watchlistEvents,
            subscriptionCount: subscriptionCount,
            allowedOrigins: allowedOrigins.isEmpty ? nil : allowedOrigins
        )
    }

    private static func policy(at path: String) throws -> AppPolicy {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw AppsFailure(.invalid, "\(path) cannot be read")
        }
        do {
            return try JSONDecoder().decode(AppPolicy.self, from: data)
        } catch {
            throw AppsFailure(.invalid, "\(path) is not the JSON of a policy")
        }
    }
}

/// What the options change in an app.
struct AppPolicyChange: Sendable {
    var policy: AppPolicy?
    var maxConnections: Int?
    var maxClientEventsPerSecond: Int?
    var clientEvents: Bool?
    var userAuthentication: Bool?
    var watchlistEvents: Bool?
    var subscriptionCount: Bool?
    var allowedOrigins: [String]?

    /// Applies the change.
    func apply(to app: inout App) {
        app.policy = policy ?? app.policy
        app.limits.maxConnections = maxConnections ?? app.limits.maxConnections
        app.limits.maxClientEventsPerSecond = maxClientEventsPerSecond ?? app.limits.maxClientEventsPerSecond
        app.features.allowsClientEvents = clientEvents ?? app.features.allowsClientEvents
        app.features.requiresUserAuthentication = userAuthentication ?? app.features.requiresUserAuthentication
        app.features.sendsWatchlistEvents = watchlistEvents ?? app.features.sendsWatchlistEvents
        app.features.sendsSubscriptionCount = subscriptionCount ?? app.features.sendsSubscriptionCount
        app.allowedOrigins = allowedOrigins ?? app.allowedOrigins
    }
}
