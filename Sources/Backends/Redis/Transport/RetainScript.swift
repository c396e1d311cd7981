import Digest
import NIOCore

/// Keeps an event for a topic, raises the topic's version and publishes the event with it.
enum RetainScript {
    /// Makes one step of it.
    ///
    /// KEYS: the value, the hash of the topic's state, in which `v` is the version and `x` says that its absence was
    /// told. ARGV: the value, its milliseconds, the message, and, unless the message is sent by other means, the command
    /// that publishes and the name of the message topic. Returns the versions, new and old.
    ///
    /// The hash lives on its own for as long as the value and a minute, unless others have made it permanent.
    static let source = """
        local time = redis.call('TIME')
        local old = tonumber(redis.call('HGET', KEYS[2], 'v') or '0') or 0
        local new = string.format('%.0f', math.max(old + 1, time[1] * 1000000 + time[2]))
        old = string.format('%.0f', old)
        local life, left = ARGV[2] + 60000, redis.call('PTTL', KEYS[2])
        redis.call('HSET', KEYS[2], 'v', new)
        redis.call('HDEL', KEYS[2], 'x')
        if left ~= -1 and left < life then redis.call('PEXPIRE', KEYS[2], life) end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        if ARGV[4] then redis.call(ARGV[4], ARGV[5], 'V' .. new .. ' ' .. old .. ' ' .. ARGV[3]) end
        return {new, old}
        """

    static let digest = SHA1.hash(Array(source.utf8)).hex
}
