import TestSupport
import Testing

@testable import RedisBackend

@Suite("The map of a cluster")
struct ClusterTopologyTests {
    private let asked = RedisAddress(host: "10.0.0.9", port: 7000)

    private func text(_ text: String) -> RESPValue { .bytes(Array(text.utf8)) }

    private func node(_ host: RESPValue, port: Int64, role: String, health: String = "online") -> RESPValue {
        .array([
            text("id"), text("abc"), text("port"), .integer(port), text("tls-port"), .integer(port + 1),
            text("ip"), text("10.9.9.9"), text("endpoint"), host, text("role"), text(role),
            text("replication-offset"), .integer(1), text("health"), text(health),
        ])
    }

    private func shard(_ slots: [Int64], _ nodes: [RESPValue]) -> RESPValue {
        .array([text("slots"), .array(slots.map { .integer($0) }), text("nodes"), .array(nodes)])
    }

    @Test("the shards of Redis 7: several ranges, replicas, and a failed master beside its successor")
    func shards() throws {
        let reply = RESPValue.array([
            shard(
                [0, 10, 20, 20],
                [node(text("a"), port: 1, role: "master"), node(text("b"), port: 2, role: "replica")]
            ),
            shard(
                [11, 19],
                [
                    node(text("dead"), port: 3, role: "master", health: "fail"),
                    node(text("new"), port: 4, role: "master"),
                ]
            ),
            shard([], [node(text("idle"), port: 5, role: "master")]),
        ])
        let topology = try #require(ClusterTopology(shards: reply, from: asked, usesTLS: false))
        #expect(topology.master(of: 0) == RedisAddress(host: "a", port: 1))
        #expect(topology.master(of: 20) == RedisAddress(host: "a", port: 1))
        #expect(topology.master(of: 11) == RedisAddress(host: "new", port: 4))
        #expect(topology.master(of: 21) == nil)
        #expect(topology.masters.count == 2)
        let secured = try #require(ClusterTopology(shards: reply, from: asked, usesTLS: true))
        #expect(secured.master(of: 0) == RedisAddress(host: "a", port: 2))
    }

    @Test("a node without an address of its own has that of the node which was asked")
    func unknownEndpoint() throws {
        for host in [text(""), text("?")] {
            let reply = RESPValue.array([shard([0, 1], [node(host, port: 7, role: "master")])])
            let topology = try #require(ClusterTopology(shards: reply, from: asked, usesTLS: false))
            #expect(topology.master(of: 1) == RedisAddress(host: "10.0.0.9", port: 7))
        }
    }

    @Test("the slots of older servers")
    func slots() throws {
        let reply = RESPValue.array([
            .array([
                .integer(0), .integer(5), .array([text("a"), .integer(1), text("id")]),
                .array([text("b"), .integer(2)]),
            ]),
            .array([.integer(6), .integer(16_383), .array([.null, .integer(3), text("id"), .array([])])]),
        ])
        let topology = try #require(ClusterTopology(slots: reply, from: asked))
        #expect(topology.master(of: 5) == RedisAddress(host: "a", port: 1))
        #expect(topology.master(of: 16_383) == RedisAddress(host: "10.0.0.9", port: 3))
    }

    @Test("a moved slot changes hands alone")
    func assign() throws {
        var topology = ClusterTopology.empty
        topology.assign(0...16_383, to: RedisAddress(host: "a", port: 1))
        topology.assign(100...100, to: RedisAddress(host: "b", port: 2))
        #expect(topology.master(of: 99)?.host == "a")
        #expect(topology.master(of: 100)?.host == "b")
    }

    @Test("hostile answers are refused, not trusted and not fatal")
    func hostile() {
        var generator = SeededGenerator(seed: 3)
        let atoms: [RESPValue] = [
            .null, .integer(-1), .integer(.max), .integer(3), text("slots"), text("nodes"), text("master"), .array([]),
            .error("ERR"), .status("OK"),
        ]
        func value(_ depth: Int) -> RESPValue {
            guard depth > 0, Bool.random(using: &generator) else {
                return atoms.randomElement(using: &generator) ?? .null
            }
            return .array((0..<Int.random(in: 0...4, using: &generator)).map { _ in value(depth - 1) })
        }
        for _ in 0..<20_000 {
            let reply = value(5)
            _ = ClusterTopology(shards: reply, from: asked, usesTLS: false)
            _ = ClusterTopology(slots: reply, from: asked)
        }
        let huge = RESPValue.array([.array([.integer(0), .integer(16_384), .array([text("a"), .integer(1)])])])
        #expect(ClusterTopology(slots: huge, from: asked) == nil)
    }
}

@Suite("Redirections")
struct RedirectionTests {
    private let asked = RedisAddress(host: "10.0.0.9", port: 7000)

    @Test("MOVED and ASK name a node, also one with an IPv6 address or none")
    func valid() {
        #expect(
            Redirection("MOVED 3999 127.0.0.1:6381", from: asked)
                == .moved(slot: 3999, to: RedisAddress(host: "127.0.0.1", port: 6381))
        )
        #expect(Redirection("ASK 3999 ::1:6381", from: asked) == .ask(RedisAddress(host: "::1", port: 6381)))
        #expect(Redirection("ASK 1 :6381", from: asked) == .ask(RedisAddress(host: "10.0.0.9", port: 6381)))
    }

    @Test(
        "anything else is none",
        arguments: [
            "", "MOVED", "MOVED 1", "MOVED x 1:1", "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED 1 a", "MOVED 1 a:0",
            "MOVED 1 a:65536", "ERR 1 a:1", "MOVED 1 a:", "TRYAGAIN 1 a:1",
        ]
    )
    func invalid(text: String) {
        #expect(Redirection(text, from: asked) == nil)
    }
}
