import Foundation
import TestSupport
import Testing

/// Servers that share a Redis.
@Suite(.enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"))
struct RedisTests {
    /// A free port, for somebody who must not be there or a server of the test's own.
    private static func drivers(port: Int, lease: Int = 2_000) -> String {
        """
        "database": {"redis": {"host": "127.0.0.1", "port": \(port)}},
        "cache": {"driver": "redis", "redis": {"response_timeout_ms": 500}},
        "queue": {"driver": "redis", "reliability": {"lease_duration_ms": \(lease)}},
        "rate_limiter": {"enabled": true, "driver": "redis", "on_error": "closed",
                         "redis": {"response_timeout_ms": 500},
                         "api_rate_limit": {"max_requests": 20, "window_seconds": 3600}}
        """
    }

    @Test(
        "two servers have one limit and one queue, and the queue outlives one of them",
        .enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)")
    )
    func shared() async throws {
        let redis = try await RedisServer.start()
        let endpoint = FreePort.next()
        let configuration = """
            {\(Self.drivers(port: redis.port)),
             "webhooks": {"retry": {"initial_backoff_ms": 500, "max_backoff_ms": 1000}},
             "app_manager": {"array": {"apps": [
                {"id": "1", "key": "demo-key", "secret": "demo-secret", "enabled": true,
                 "policy": {"limits": {}, "features": {}, "channels": {},
                    "webhooks": [{"url": "http://127.0.0.1:\(endpoint)/hook", "event_types": ["channel_occupied"]}]}}]}}}
            """
        let other = try await MartletProcess.start(name: "shared_redis_other", overriding: configuration)
        try await Scenarios.run(
            "shared_redis.py",
            arguments: ["--extra", "\(other.port),\(endpoint)"],
            overriding: configuration,
            exitStatus: nil
        )
        #expect(await other.stop() == 0)
    }

    @Test(
        "a Redis that is not there stops the start, and the message names the key",
        arguments: ["redis", "redis-cluster"]
    )
    func unreachable(driver: String) async throws {
        for role in ["cache", "queue", "rate_limiter"] {
            let error = await #expect(throws: MartletProcess.StartFailure.self) {
                try await MartletProcess.start(
                    name: "unreachable-\(driver)-\(role)",
                    overriding: """
                        {"database": {"redis": {"port": \(FreePort.next())}},
                         "\(role)": {"driver": "\(driver)", "enabled": true}}
                        """
                )
            }
            #expect(error?.description.contains("\(role).driver '\(driver)' cannot start") == true)
        }
    }

    @Test("without its Redis a server refuses or allows as configured, says so in its health, and heals by itself")
    func outage() async throws {
        let redis = try await RedisServer.start()
        let closed = try await MartletProcess.start(
            name: "outage-closed",
            overriding: "{\(Self.drivers(port: redis.port))}"
        )
        let open = try await MartletProcess.start(
            name: "outage-open",
            overriding: "{\(Self.drivers(port: redis.port))}",
            environment: ["MARTLET_RATE_LIMITER_ON_ERROR": "open"]
        )
        // Without a signature every request that is let through is answered with 401.
        #expect(await LoopbackHTTP.status(of: "/apps/1/channels", port: closed.port) == 401)
        #expect(await LoopbackHTTP.status(of: "/up/1", port: closed.port) == 200)
        await redis.kill()
        try await Eventually.holds("the closed one refuses", within: .seconds(20)) {
            await LoopbackHTTP.status(of: "/apps/1/channels", port: closed.port) == 503
        }
        try await Eventually.holds("the open one allows", within: .seconds(20)) {
            await LoopbackHTTP.status(of: "/apps/1/channels", port: open.port) == 401
        }
        #expect(await LoopbackHTTP.status(of: "/up/1", port: closed.port) == 503)
        #expect(await LoopbackHTTP.status(of: "/live", port: closed.port) == 200)
        try await redis.restart()
        try await Eventually.holds("the closed one serves again", within: .seconds(20)) {
            await LoopbackHTTP.status(of: "/apps/1/channels", port: closed.port) == 401
        }
        try await Eventually.holds("the health is good again", within: .seconds(20)) {
            await LoopbackHTTP.status(of: "/up/1", port: closed.port) == 200
        }
        #expect(await closed.stop() == 0)
        #expect(await open.stop() == 0)
    }
}
