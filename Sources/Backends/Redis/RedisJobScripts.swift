/// The transitions of the job queue, each one script on keys of one slot.
///
/// `KEYS`, in every script: 1 jobs (hash: id to payload), 2 attempts (hash: id to number), 3 ready (list of ids),
/// 4 delayed, 5 leased (sorted sets: id by the millisecond at which it is due), 6 dead (sorted set: id by the
/// millisecond of its end), 7 buried (hash: id to payload), 8 reasons (hash: id to text).
///
/// A job is in `jobs` until it is done or dead. The list may hold an id twice or one whose job was settled meanwhile:
/// what counts when an id comes up is whether its job exists and is neither leased nor delayed.
enum RedisJobScripts {
    private static let clock = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)

        """

    /// Goes on only if a lease is the job's latest and the job was not given back.
    ///
    /// ARGV: id, attempt.
    private static let ownership = """
        if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
        if redis.call('ZSCORE', KEYS[4], ARGV[1]) then return 0 end

        """

    /// Takes jobs.
    ///
    /// ARGV: id and payload of each job. A job that is there already is left as it is, so that it can be repeated.
    static let enqueue = RedisScript(
        """
        for index = 1, #ARGV, 2 do
          if redis.call('HSETNX', KEYS[1], ARGV[index], ARGV[index + 1]) == 1 then
            redis.call('RPUSH', KEYS[3], ARGV[index])
          end
        end
        return 1
        """
    )

    /// Puts what is due into the line and leases jobs.
    ///
    /// ARGV: the most jobs, the milliseconds of the lease, the most bytes of payload after the first job's.
    /// Returns the milliseconds until something is due (-1: nothing is), whether more is ready, and id, payload and
    /// attempt of each job.
    static let claim = RedisScript(
        clock + """
            for _, set in ipairs({KEYS[4], KEYS[5]}) do
              for _, id in ipairs(redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, 1000)) do
                redis.call('ZREM', set, id)
                redis.call('RPUSH', KEYS[3], id)
              end
            end
            local most, bytes = tonumber(ARGV[1]), 0
            local claimed = {}
            while #claimed < most * 3 and bytes <= tonumber(ARGV[3]) do
              local id = redis.call('LPOP', KEYS[3])
              if not id then break end
              local payload = redis.call('HGET', KEYS[1], id)
              if payload and not redis.call('ZSCORE', KEYS[5], id) and not redis.call('ZSCORE', KEYS[4], id) then
                redis.call('ZADD', KEYS[5], now + ARGV[2], id)
                claimed[#claimed + 1] = id
                claimed[#claimed + 1] = payload
                claimed[#claimed + 1] = redis.call('HINCRBY', KEYS[2], id, 1)
                bytes = bytes + #payload
              end
            end
            local due = -1
            for _, set in ipairs({KEYS[4], KEYS[5]}) do
              local first = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2]
              if first and (due < 0 or first - now < due) then due = math.max(first - now, 0) end
            end
            return {due, redis.call('LLEN', KEYS[3]), claimed}
            """
    )

    /// Ends a job.
    ///
    /// ARGV: id, attempt.
    static let acknowledge = RedisScript(
        ownership + """
            redis.call('HDEL', KEYS[1], ARGV[1])
            redis.call('HDEL', KEYS[2], ARGV[1])
            redis.call('ZREM', KEYS[5], ARGV[1])
            return 1
            """
    )

    /// Gives a job back.
    ///
    /// ARGV: id, attempt, the milliseconds of the delay.
    static let retry = RedisScript(
        clock + ownership + """
            redis.call('ZREM', KEYS[5], ARGV[1])
            redis.call('ZADD', KEYS[4], now + ARGV[3], ARGV[1])
            return 1
            """
    )

    /// Prolongs a lease.
    ///
    /// ARGV: id, attempt, the milliseconds of the lease.
    static let extend = RedisScript(
        clock + ownership + """
            redis.call('ZADD', KEYS[5], now + ARGV[3], ARGV[1])
            return 1
            """
    )

    /// Puts a job aside.
    ///
    /// ARGV: id, attempt, the reason, the most dead letters to keep.
    static let bury = RedisScript(
        clock + ownership + """
            redis.call('HSET', KEYS[7], ARGV[1], redis.call('HGET', KEYS[1], ARGV[1]))
            redis.call('HSET', KEYS[8], ARGV[1], ARGV[3])
            redis.call('ZADD', KEYS[6], now, ARGV[1])
            redis.call('HDEL', KEYS[1], ARGV[1])
            redis.call('HDEL', KEYS[2], ARGV[1])
            redis.call('ZREM', KEYS[5], ARGV[1])
            local surplus = redis.call('ZCARD', KEYS[6]) - ARGV[4]
            if surplus > 0 then
              for _, id in ipairs(redis.call('ZRANGE', KEYS[6], 0, math.min(surplus, 1000) - 1)) do
                redis.call('ZREM', KEYS[6], id)
                redis.call('HDEL', KEYS[7], id)
                redis.call('HDEL', KEYS[8], id)
              end
            end
            return 1
            """
    )

    /// Returns the jobs that wait, those in unexpired leases, and the dead letters.
    static let depth = RedisScript(
        clock + """
            local leased = redis.call('ZCOUNT', KEYS[5], '(' .. string.format('%.0f', now), '+inf')
            return {redis.call('HLEN', KEYS[1]) - leased, leased, redis.call('ZCARD', KEYS[6])}
            """
    )

    /// Reads dead letters.
    ///
    /// ARGV: how many at most. Returns id, payload and reason of the oldest.
    static let deadLetters = RedisScript(
        """
        local found = {}
        for _, id in ipairs(redis.call('ZRANGE', KEYS[6], 0, ARGV[1] - 1)) do
          found[#found + 1] = id
          found[#found + 1] = redis.call('HGET', KEYS[7], id)
          found[#found + 1] = redis.call('HGET', KEYS[8], id)
        end
        return found
        """
    )
}
