/// A value of the configuration that cannot be used.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The dotted key, such as `websocket.max_messages`.
    package var key: String
    /// What is wrong and what would be right; never a secret.
    package var message: String

    /// Makes a problem of one key.
    package init(key: String, message: String) {
        self.key = key
        self.message = message
    }

    package var description: String {
        "\(key): \(message)"
    }
}

extension [ConfigurationProblem] {
    /// Adds a problem unless the condition holds.
    package mutating func require(_ condition: Bool, _ key: String, _ message: @autoclosure () -> String) {
        if !condition {
            append(ConfigurationProblem(key: key, message: message()))
        }
    }
}
