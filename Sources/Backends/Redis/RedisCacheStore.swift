package import ServerCore

/// Keeps small values in Redis, shared by all nodes.
///
/// Redis decides when a value's time is over and, with an eviction policy, which ones go when its memory is full.
package struct RedisCacheStore: CacheStore {
    /// How long a command may wait for a Redis that is away.
    private static let patience = Duration.seconds(2)

    private static let readScript = RedisScript(
        """
        local value = redis.call('GET', KEYS[1])
        if not value then return false end
        return {value, redis.call('PTTL', KEYS[1])}
        """
    )

    private let client: any RedisClient
    private let prefix: String

    /// Makes a store whose keys begin with a prefix and a colon.
    package init(client: any RedisClient, prefix: String) {
        self.client = client
        self.prefix = prefix
    }

    package func value(for key: String) async throws(BackendError) -> CachedValue? {
        var call = RedisScript.Call(keys: [name(key)], arguments: [])
        call.isRepeatable = true
        let reply = try await backend { () throws(RedisError) in
            try await Self.readScript.run(call, on: client, patience: Self.patience)
        }
        if reply == .null { return nil }
        guard let parts = reply.elements, parts.count == 2, let bytes = parts[0].bytes,
            let milliseconds = parts[1].integer
        else { throw BackendError(.malformed, "redis: a cached value is not of the expected form") }
        // Between the two reads of one script no time passes for Redis; a value without an end was not written here.
        guard milliseconds != 0 else { return nil }
        return CachedValue(bytes: bytes, remaining: milliseconds < 0 ? .seconds(1) : .milliseconds(milliseconds))
    }

    package func set(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) {
        guard ttl.wholeMilliseconds > 0 else {
            try await remove(key)
            return
        }
        let command = command("SET", key, [value, Array("PX".utf8), Array("\(ttl.wholeMilliseconds)".utf8)])
        _ = try await run(command, isRepeatable: true)
    }

    package func setIfAbsent(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) -> Bool {
        guard ttl.wholeMilliseconds > 0 else { return try await self.value(for: key) == nil }
        let milliseconds = Array("\(ttl.wholeMilliseconds)".utf8)
        let command = command("SET", key, [value, Array("NX".utf8), Array("PX".utf8), milliseconds])
        return try await run(command, isRepeatable: false) != .null
    }

    package func remove(_ key: String) async throws(BackendError) {
        _ = try await run(command("DEL", key, []), isRepeatable: true)
    }

    package func checkHealth() async throws(BackendError) {
        try await backend { () throws(RedisError) in
            try await client.checkHealth(key: name("health"), patience: .zero)
        }
    }

    private func name(_ key: String) -> String {
        "\(prefix):\(key)"
    }

    private func command(_ verb: String, _ key: String, _ arguments: [[UInt8]]) -> RedisCommand {
        let name = Array(name(key).utf8)
        return RedisCommand(words: [Array(verb.utf8), name] + arguments, key: name)
    }

    private func run(_ command: RedisCommand, isRepeatable: Bool) async throws(BackendError) -> RESPValue {
        var command = command
        command.isRepeatable = isRepeatable
        let sent = command
        return try await backend { () throws(RedisError) in
            try await client.run(sent, patience: Self.patience)
        }
    }
}
