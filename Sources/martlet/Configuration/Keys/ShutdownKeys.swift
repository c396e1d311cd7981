import Server

/// How the server leaves; `shutdown_grace_period` is Sockudo's, the rest is Martlet's own.
enum ShutdownKeys {
    static let all: [SettingKey] = [
        .seconds(
            "shutdown_grace_period",
            "SHUTDOWN_GRACE_PERIOD",
            at: \.server.shutdown.gracePeriod,
            "Time from the signal to the end at the latest"
        ),
        .milliseconds(
            "shutdown_pause_ms",
            "MARTLET_SHUTDOWN_PAUSE_MS",
            at: \.server.shutdown.pause,
            "Time in which DRAINING is shown before sockets are closed"
        ),
        .number(
            "shutdown.batch_size",
            "MARTLET_SHUTDOWN_BATCH_SIZE",
            at: \.server.shutdown.batchSize,
            "Sockets that are closed at once"
        ),
        .milliseconds(
            "shutdown.batch_interval_ms",
            "MARTLET_SHUTDOWN_BATCH_INTERVAL_MS",
            at: \.server.shutdown.batchInterval,
            "Time between two batches"
        ),
        .milliseconds(
            "shutdown.batch_jitter_ms",
            "MARTLET_SHUTDOWN_BATCH_JITTER_MS",
            at: \.server.shutdown.batchJitter,
            "Random part of the time between two batches"
        ),
    ]
}
