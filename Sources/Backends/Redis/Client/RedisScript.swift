import Digest

/// A Lua script that Redis runs as one step.
///
/// It is called by its digest; a server that does not know it, such as a promoted replica, gets its text with the call.
/// All its keys must be in one slot.
package struct RedisScript: Sendable {
    private let source: [UInt8]
    private let digest: [UInt8]

    /// Makes a script of its text.
    package init(_ source: String) {
        self.source = Array(source.utf8)
        digest = Array(SHA1.hash(self.source).hex.utf8)
    }

    /// What a call needs besides the script.
    package struct Call: Sendable {
        /// At least one.
        package var keys: [String]
        package var arguments: [[UInt8]]
        package var isRepeatable = false
        package var outlivesCancellation = false

        /// Makes a call.
        package init(keys: [String], arguments: [[UInt8]]) {
            self.keys = keys
            self.arguments = arguments
        }
    }

    /// Runs the script.
    package func run(
        _ call: Call,
        on client: some RedisClient,
        patience: Duration
    ) async throws(RedisError) -> RESPValue {
        do throws(RedisError) {
            return try await client.run(command("EVALSHA", digest, call), patience: patience)
        } catch {
            guard error.code == .unknownScript else { throw error }
            return try await client.run(command("EVAL", source, call), patience: patience)
        }
    }

    private func command(_ name: String, _ script: [UInt8], _ call: Call) -> RedisCommand {
        let keys = call.keys.map { Array($0.utf8) }
        var command = RedisCommand(
            words: [Array(name.utf8), script, Array("\(keys.count)".utf8)] + keys + call.arguments,
            key: keys.first,
            isRepeatable: call.isRepeatable
        )
        command.outlivesCancellation = call.outlivesCancellation
        return command
    }
}
