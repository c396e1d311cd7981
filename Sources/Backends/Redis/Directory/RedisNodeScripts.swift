/// What happens to a node, each as one script on keys of the node's slot.
enum RedisNodeScripts {
    /// What `renew` and `grant` answer.
    enum Lease {
        static let absent: Int64 = 0
        static let held: Int64 = 1
        static let granted: Int64 = 2
        static let buried: Int64 = 3
    }

    /// What `bury` answers.
    enum Burial {
        static let refused: Int64 = 0
        static let taken: Int64 = 1
        /// Somebody has finished already.
        static let done: Int64 = 2
    }

    /// Prolongs a lease that is in force.
    ///
    /// KEYS: lease, tombstone. ARGV: milliseconds. Returns a `Lease`.
    static let renew = RedisScript(
        """
        if redis.call('EXISTS', KEYS[2]) == 1 then return 3 end
        return redis.call('PEXPIRE', KEYS[1], ARGV[1])
        """
    )

    /// Gives a lease.
    ///
    /// KEYS: lease, tombstone. ARGV: milliseconds. Returns a `Lease`.
    static let grant = RedisScript(
        """
        if redis.call('EXISTS', KEYS[2]) == 1 then return 3 end
        redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
        return 2
        """
    )

    /// Notes topics.
    ///
    /// KEYS: topics, tombstone. ARGV: tags. Returns 0 if the node is buried.
    static let record = RedisScript(
        """
        if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
        for _, tag in ipairs(ARGV) do redis.call('ZADD', KEYS[1], 0, tag) end
        return 1
        """
    )

    /// Gives a node up whose lease ended.
    ///
    /// KEYS: lease, tombstone, burial. ARGV: survivor, the milliseconds it has, those of the tombstone. Returns a
    /// `Burial`.
    static let bury = RedisScript(
        """
        if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
        if redis.call('GET', KEYS[2]) == 'done' then return 2 end
        local digger = redis.call('GET', KEYS[3])
        if digger and digger ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
        redis.call('SET', KEYS[2], 'dying', 'PX', ARGV[3])
        return 1
        """
    )

    /// Forgets what a buried node recorded.
    ///
    /// KEYS: topics, tombstone, burial. ARGV: the milliseconds of the tombstone.
    static let forget = RedisScript(
        """
        redis.call('UNLINK', KEYS[1], KEYS[3])
        redis.call('SET', KEYS[2], 'done', 'PX', ARGV[1])
        return 1
        """
    )
}
