/// The drivers of the other roles and the memory backend, with Sockudo's names.
///
/// `queue.driver` defaults to `memory` here; Sockudo's default needs a Redis.
enum BackendKeys {
    static let all: [SettingKey] = [
        .driver("server_role", "SOCKUDO_SERVER_ROLE", role: "server role", at: \.drivers.serverRole),
        .driver("cache.driver", "CACHE_DRIVER", role: "cache", at: \.drivers.cache),
        .choice(
            "cache.on_error",
            "MARTLET_CACHE_ON_ERROR",
            at: \.cachePolicy,
            "While a shared cache does not answer: closed refuses, open goes on without it"
        ),
        .seconds(
            "cache.memory.ttl",
            "CACHE_TTL_SECONDS",
            at: \.memoryCache.ttl,
            "Time of a value without one of its own"
        ),
        .seconds(
            "cache.memory.cleanup_interval",
            "CACHE_CLEANUP_INTERVAL",
            at: \.memoryCache.cleanupInterval,
            "Time between two removals of old values"
        ),
        .number("cache.memory.max_capacity", "CACHE_MAX_CAPACITY", at: \.memoryCache.maxEntries, "Values in the cache"),
        .driver("queue.driver", "QUEUE_DRIVER", role: "queue", at: \.drivers.queue),
        .number(
            "queue.reliability.memory_capacity",
            "QUEUE_MEMORY_CAPACITY",
            at: \.queue.capacity,
            "Jobs that may wait"
        ),
        .milliseconds(
            "queue.reliability.lease_duration_ms",
            "QUEUE_LEASE_DURATION_MS",
            at: \.queue.lease,
            "Time to work on a job"
        ),
        .number(
            "queue.reliability.failed_retention",
            "QUEUE_FAILED_RETENTION",
            at: \.queue.deadLetterCapacity,
            "Dead-lettered jobs that are kept"
        ),
    ]
}
