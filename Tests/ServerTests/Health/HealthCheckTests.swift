import MemoryBackend
import PrometheusMetrics
import ServerCore
import TestSupport
import Testing

@testable import Server

/// Checks what `/up` says of backends that fail or do not answer.
@Suite(.timeLimit(.minutes(1))) struct HealthCheckTests {
    /// How a backend behaves.
    enum Behaviour: Sendable {
        case answers, fails, hangs

        func check() async throws(BackendError) {
            switch self {
            case .answers: return
            case .fails: throw BackendError(.unavailable, "test")
            // Ends when the check is cancelled, as clients of real backends do.
            case .hangs: await Gate().pass()
            }
        }
    }

    private func verdict(
        store: Behaviour = .answers,
        cache: Behaviour = .answers,
        queue: Behaviour = .answers,
        appID: String? = nil
    ) async throws -> HealthCheck.Verdict {
        var disabled = LiveServer.app
        disabled.id = "2"
        disabled.key = "other"
        disabled.isEnabled = false
        let apps = try MemoryAppManager(apps: [LiveServer.app, disabled])
        let backends = ServerBackends(
            apps: CachedAppManager(store: Store(apps: apps, behaviour: store), metrics: PrometheusRegistry()),
            cache: Cache(behaviour: cache),
            rateLimiter: nil,
            webhookQueue: Queue(behaviour: queue)
        )
        return await HealthCheck(backends: backends, timeout: .milliseconds(200)).verdict(appID: appID)
    }

    @Test("a node whose backends answer is healthy, for the apps that exist and are enabled")
    func isHealthy() async throws {
        #expect(try await verdict() == .healthy)
        #expect(try await verdict(appID: "1") == .healthy)
        #expect(try await verdict(appID: "2") == .failed)
        #expect(try await verdict(appID: "3") == .notFound)
    }

    @Test("a store or cache that fails or hangs fails the node", arguments: [Behaviour.fails, .hangs])
    func fails(_ behaviour: Behaviour) async throws {
        #expect(try await verdict(store: behaviour) == .failed)
        #expect(try await verdict(cache: behaviour) == .failed)
        #expect(try await verdict(store: behaviour, appID: "1") == .failed)
    }

    @Test("a queue that fails or hangs degrades it, and it stays in service", arguments: [Behaviour.fails, .hangs])
    func degrades(_ behaviour: Behaviour) async throws {
        #expect(try await verdict(queue: behaviour) == .degraded)
        #expect(try await verdict(queue: behaviour, appID: "1") == .degraded)
        #expect(try await verdict(cache: .fails, queue: behaviour) == .failed)
        #expect(HealthCheck.Verdict.degraded.status == 200 && HealthCheck.Verdict.failed.status == 503)
    }
}

private struct Store: AppManager {
    let apps: MemoryAppManager
    let behaviour: HealthCheckTests.Behaviour

    func app(id: String) async throws(BackendError) -> App? {
        try await behaviour.check()
        return try await apps.app(id: id)
    }

    func app(key: String) async throws(BackendError) -> App? { try await apps.app(key: key) }

    func checkHealth() async throws(BackendError) { try await behaviour.check() }
}

private struct Cache: CacheStore {
    let behaviour: HealthCheckTests.Behaviour

    func value(for key: String) async throws(BackendError) -> CachedValue? { nil }
    func set(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) {}
    func setIfAbsent(_ value: [UInt8], for key: String, ttl: Duration) async throws(BackendError) -> Bool { true }
    func remove(_ key: String) async throws(BackendError) {}
    func checkHealth() async throws(BackendError) { try await behaviour.check() }
}

private struct Queue: JobQueue {
    let behaviour: HealthCheckTests.Behaviour
    let lease = Duration.seconds(1)

    func enqueue(_ payloads: [[UInt8]]) async throws(BackendError) {}
    func receive(max: Int, waiting: Duration) async throws(BackendError) -> [LeasedJob] { [] }
    func acknowledge(_ job: LeasedJob) async throws(BackendError) {}
    func retry(_ job: LeasedJob, after delay: Duration) async throws(BackendError) {}
    func deadLetter(_ job: LeasedJob, reason: String) async throws(BackendError) {}
    func extendLease(of job: LeasedJob) async throws(BackendError) {}
    func depth() async throws(BackendError) -> JobQueueDepth { JobQueueDepth(waiting: 0, leased: 0, deadLettered: 0) }
    func checkHealth() async throws(BackendError) { try await behaviour.check() }
}
