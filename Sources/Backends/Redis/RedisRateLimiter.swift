package import ServerCore

/// Limits rates over all nodes, in the same sliding windows as the limiter in memory.
///
/// One script on one key decides, by Redis's clock. A key is a hash of three numbers, whatever the limit, and goes two
/// windows after its last allowed request.
package struct RedisRateLimiter: RateLimiter {
    /// A request waits for the limiter's answer, so that a Redis that is away must show soon.
    private static let patience = Duration.seconds(1)
    /// Larger limits are taken for these, so that every product is exact in Lua's numbers (below 2^53).
    private static let maxRequests = 100_000_000
    private static let maxWindowSeconds = 86_400

    /// Decides about one request.
    ///
    /// KEYS: the window. ARGV: the limit, the window's length in milliseconds. Returns whether the request is allowed,
    /// the requests left, the milliseconds to wait.
    ///
    /// The requests of the window before count in proportion to how much of it the sliding window still covers. A
    /// request counts `length`, so that only whole numbers occur.
    private static let script = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local most, length = tonumber(ARGV[1]), tonumber(ARGV[2])
        local state = redis.call('HMGET', KEYS[1], 's', 'p', 'c', 'l')
        local start, previous, current = tonumber(state[1]) or now, tonumber(state[2]) or 0, tonumber(state[3]) or 0
        if tonumber(state[4]) ~= length or now - start >= 2 * length or start - now > length then
          start, previous, current = now, 0, 0
        elseif now - start >= length then
          start, previous, current = start + length, current, 0
        end
        local elapsed = math.max(now - start, 0)
        local function div(a, b) return (a - a % b) / b end
        local left = most * length - previous * (length - elapsed) - current * length
        if left < length then
          local wait
          if current < most then
            wait = length - div((most - current - 1) * length, math.max(previous, 1)) - elapsed
          else
            wait = length - elapsed + length - div((most - 1) * length, current)
          end
          return {0, 0, wait}
        end
        redis.call('HSET', KEYS[1], 's', string.format('%.0f', start), 'p', previous, 'c', current + 1, 'l', length)
        redis.call('PEXPIRE', KEYS[1], 2 * length)
        return {1, div(left, length) - 1, length - elapsed}
        """
    )

    private let client: any RedisClient
    private let prefix: String

    /// Makes a limiter whose keys begin with a prefix and a colon.
    package init(client: any RedisClient, prefix: String) {
        self.client = client
        self.prefix = prefix
    }

    /// Decides nothing without asking Redis.
    package func consumeImmediately(_ key: String, limit: RateLimit) -> RateDecision? { nil }

    package func consume(_ key: String, limit: RateLimit) async throws(BackendError) -> RateDecision {
        let most = min(max(limit.maxRequests, 1), Self.maxRequests)
        let length = min(max(limit.windowSeconds, 1), Self.maxWindowSeconds) * 1_000
        let call = RedisScript.Call(
            keys: ["\(prefix):\(key)"],
            arguments: [Array("\(most)".utf8), Array("\(length)".utf8)]
        )
        let reply = try await backend { () throws(RedisError) in
            try await Self.script.run(call, on: client, patience: Self.patience)
        }
        guard let numbers = reply.elements?.compactMap(\.integer), numbers.count == 3 else {
            throw BackendError(.malformed, "redis: the limiter's answer is not of the expected form")
        }
        return RateDecision(
            isAllowed: numbers[0] == 1,
            limit: limit.maxRequests,
            remaining: Int(numbers[1]),
            resetSeconds: max(Int(numbers[2] + 999) / 1_000, 1)
        )
    }

    /// Throws when Redis cannot answer now.
    package func checkHealth() async throws(BackendError) {
        try await backend { () throws(RedisError) in
            try await client.checkHealth(key: "\(prefix):health", patience: .zero)
        }
    }
}
