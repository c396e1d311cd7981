import Foundation
import NIOCore
import ServerCore
import TestSupport
import Testing

@testable import RedisBackend

/// Faults of one server, or of one with sentinels, under traffic.
@Suite(
    "A transport over one Redis in trouble",
    .serialized,
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(2))
)
struct RedisTransportFaultTests {
    private func configuration(_ server: RedisServer) -> RedisConfiguration {
        RedisConfiguration(.standalone(RedisAddress(host: "127.0.0.1", port: server.port)))
    }

    @Test("a server that is killed and comes back is used again, and what was published meanwhile arrives")
    func restart() async throws {
        let server = try await RedisServer.start()
        try await TransportTraffic.run(configuration(server)) { traffic in
            let start = ContinuousClock.now
            await server.kill()
            await traffic.subscriber.witness.wait { $0.served.isEmpty }
            try await Eventually.holds("the publisher knows", within: .seconds(10)) {
                !traffic.publisher.transport.isServing
            }
            let known = ContinuousClock.now
            // Everything that is published from here on waits.
            for _ in 0..<5 {
                try await Task.sleep(for: .milliseconds(50))
            }
            try await server.restart()
            await traffic.subscriber.witness.wait(forService: traffic.topics)
            let account = traffic.subscriber.witness.account
            #expect(account.interruptions == Dictionary(uniqueKeysWithValues: traffic.topics.map { ($0, 1) }))
            await traffic.publisher.witness.wait { !$0.disturbances.isEmpty }
            let isAffected = traffic.publisher.witness.account.disturbances[0]
            #expect(traffic.topics.allSatisfy(isAffected))
            return .during(start - .milliseconds(250)...known)
        }
        await server.kill()
    }

    @Test("subscribers whose connections are killed come back, once")
    func killedSubscribers() async throws {
        let server = try await RedisServer.start()
        try await TransportTraffic.run(configuration(server)) { traffic in
            let start = ContinuousClock.now
            try server.control("CLIENT", "KILL", "TYPE", "pubsub")
            await traffic.subscriber.witness.wait { account in
                traffic.topics.allSatisfy { account.confirmations[$0] == 2 }
            }
            let account = traffic.subscriber.witness.account
            #expect(account.interruptions == Dictionary(uniqueKeysWithValues: traffic.topics.map { ($0, 1) }))
            #expect(account.disturbances.isEmpty)
            return .during(start - .milliseconds(250)...ContinuousClock.now)
        }
        await server.kill()
    }

    @Test("a publisher whose connection is killed loses nothing")
    func killedPublisher() async throws {
        let server = try await RedisServer.start()
        try await TransportTraffic.run(configuration(server)) { traffic in
            try server.control("CLIENT", "KILL", "TYPE", "normal")
            try await traffic.waitForTraffic(10)
            return .none
        }
        await server.kill()
    }

    @Test("a server that does not answer any more is noticed within seconds, and used when it wakes up")
    func hungServer() async throws {
        let server = try await RedisServer.start()
        try await TransportTraffic.run(configuration(server), { $0.pingTimeout = .seconds(1) }) { traffic in
            let start = ContinuousClock.now
            server.send(SIGSTOP)
            await traffic.subscriber.witness.wait { $0.served.isEmpty }
            #expect(ContinuousClock.now - start < .seconds(5))
            try await Eventually.holds("the publisher knows", within: .seconds(10)) {
                !traffic.publisher.transport.isServing
            }
            server.send(SIGCONT)
            await traffic.subscriber.witness.wait(forService: traffic.topics)
            return .during(start - .milliseconds(250)...ContinuousClock.now)
        }
        await server.kill()
    }

    @Test("the master that sentinels name is followed through a failover")
    func sentinels() async throws {
        let group = try await RedisSentinelGroup.start()
        var configuration = RedisConfiguration(
            .sentinel(
                RedisSentinels(
                    addresses: group.sentinels.map { RedisAddress(host: "127.0.0.1", port: $0.port) },
                    name: "mymaster"
                )
            )
        )
        configuration.commandTimeout = .seconds(1)
        try await TransportTraffic.run(configuration) { traffic in
            let start = ContinuousClock.now
            await group.servers[0].kill()
            await traffic.subscriber.witness.wait { $0.served.isEmpty }
            try await Eventually.holds("the publisher knows", within: .seconds(10)) {
                !traffic.publisher.transport.isServing
            }
            let known = ContinuousClock.now
            await traffic.subscriber.witness.wait(forService: traffic.topics)
            #expect(group.servers[1].tryControl("ROLE")?.hasPrefix("master") == true)
            return .during(start - .milliseconds(250)...known)
        }
        await group.stop()
    }

    @Test("what waits is bounded in number and in time, and says so")
    func bounds() async throws {
        let server = try await RedisServer.start()
        var options = RedisTransportOptions()
        options.prefix = "\(TestRedis.prefix()):"
        options.maxBufferedMessages = 10
        options.maxBufferedTime = .seconds(2)
        options.settleTime = .milliseconds(100)
        let chosen = options
        let configuration = configuration(server)
        let topic = ClusterTopic(.channel, appID: "shop", name: "orders")
        try await TransportNode.run(1, make: { try await TransportTraffic.transport(configuration, chosen) }) { nodes in
            let transport = nodes[0].transport
            await nodes[0].subscribe(topic)
            await server.kill()
            await nodes[0].witness.wait { $0.served.isEmpty }
            let publication = ClusterPublication(topic: topic, message: ByteBuffer(string: "x"))
            let taken = (0..<20).map { _ in transport.publish(publication) }
            #expect(taken == Array(repeating: true, count: 10) + Array(repeating: false, count: 10))
            try await Eventually.holds("messages wait", within: .seconds(5)) { !transport.isServing }
            await transport.flush(within: .milliseconds(50))
            try await Eventually.holds("there is room again", within: .seconds(5)) { transport.publish(publication) }
            try await server.restart()
            await nodes[0].subscribe(topic)
            #expect(transport.publish(publication))
            await nodes[0].witness.wait { $0.messageCount >= 1 }
            await transport.flush(within: .seconds(10))
            #expect(transport.isServing)
        }
        await server.kill()
    }

    @Test("TLS, and a user of the access list with the rights that are documented")
    func security() async throws {
        let folder = try await ServiceCertificates.shared.get()
        let file = { (name: String) in folder.appending(path: name).path }
        let server = try await RedisServer.start(
            options: [
                "--tls-cert-file", file("server.pem"), "--tls-key-file", file("server.key"),
                "--tls-ca-cert-file", file("authority.pem"), "--tls-auth-clients", "no",
                "--user", "rt", "on", ">s3cret", "~martlet_test*", "&martlet_test*", "+@all", "-@admin",
                "-@dangerous",
            ],
            usesTLS: true
        )
        var configuration = configuration(server)
        configuration.credentials = RedisCredentials(username: "rt", password: "s3cret")
        var tls = RedisTLS()
        tls.authorityPath = file("authority.pem")
        configuration.tls = tls
        try await TransportTraffic.run(configuration) { traffic in
            try await traffic.waitForTraffic(20)
            return .none
        }
        configuration.credentials.password = "wrong"
        let wrong = configuration
        await #expect(throws: BackendError.self) {
            try await TransportTraffic.transport(wrong, RedisTransportOptions())
        }
        configuration.credentials.password = "s3cret"
        let foreign = configuration
        let error = await #expect(throws: BackendError.self) {
            try await TransportTraffic.transport(foreign, RedisTransportOptions())
        }
        #expect(error?.code == .rejected)
        await server.kill()
    }

    @Test("a hundred thousand topics are served within seconds, after an interruption too")
    func manyTopics() async throws {
        let server = try await RedisServer.start()
        let configuration = configuration(server)
        var options = RedisTransportOptions()
        options.prefix = "\(TestRedis.prefix()):"
        let chosen = options
        try await TransportNode.run(1, make: { try await TransportTraffic.transport(configuration, chosen) }) { nodes in
            let start = ContinuousClock.now
            for number in 0..<100_000 {
                nodes[0].transport.subscribe(ClusterTopic(.channel, appID: "shop", name: "topic-\(number)"))
            }
            await nodes[0].witness.wait { $0.served.count == 100_000 }
            let served = ContinuousClock.now
            #expect(served - start < .seconds(30))
            try server.control("CLIENT", "KILL", "TYPE", "pubsub")
            await nodes[0].witness.wait { $0.confirmations.values.allSatisfy { $0 == 2 } }
            #expect(ContinuousClock.now - served < .seconds(30))
        }
        await server.kill()
    }
}
