import ServerCore
import TestSupport
import Testing

/// What directories of a cluster promise about nodes.
@Suite("Every cluster directory's nodes", .timeLimit(.minutes(1)))
struct ClusterNodeConformance {
    private static let lease = Duration.seconds(5)
    private static let long = Duration.seconds(60)
    private let nodes = (ClusterNode.random(), ClusterNode.random(), ClusterNode.random())

    private func live(_ directory: any ClusterDirectory) async throws -> [ClusterNode: Bool] {
        try await directory.nodes().reduce(into: [:]) { $0[$1.node] = $1.isLive }
    }

    @Test("a node lives while it renews its lease", arguments: ClusterFixture.Implementation.allCases)
    func leases(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let directory = fixture.directory
        try await directory.checkHealth()
        #expect(try await directory.nodes().isEmpty)
        #expect(try await directory.renewLease(of: nodes.0, lasting: Self.lease) == .granted)
        #expect(try await directory.renewLease(of: nodes.1, lasting: Self.lease) == .granted)
        #expect(try await directory.renewLease(of: nodes.0, lasting: Self.long) == .held)
        #expect(try await live(directory) == [nodes.0: true, nodes.1: true])
        try await fixture.pass(Self.lease)
        #expect(try await live(directory) == [nodes.0: true, nodes.1: false])
        #expect(try await directory.renewLease(of: nodes.1, lasting: Self.long) == .granted)
        try await directory.endLease(of: nodes.0)
        #expect(try await live(directory) == [nodes.0: false, nodes.1: true])
    }

    @Test("a node is buried by one other, once its lease ended", arguments: ClusterFixture.Implementation.allCases)
    func burial(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let directory = fixture.directory
        func bury(_ survivor: ClusterNode, _ lasting: Duration = Self.lease) async throws -> Bool {
            try await directory.bury(nodes.0, by: survivor, lasting: lasting)
        }
        _ = try await directory.renewLease(of: nodes.0, lasting: Self.long)
        #expect(try await !bury(nodes.1))
        try await directory.endLease(of: nodes.0)
        #expect(try await bury(nodes.1))
        #expect(try await !bury(nodes.2))
        #expect(try await bury(nodes.1))
        #expect(try await directory.renewLease(of: nodes.0, lasting: Self.long) == .buried)
        #expect(try await !directory.record([fixture.topic()], of: nodes.0))
        #expect(try await live(directory) == [nodes.0: false])
        try await fixture.pass(Self.lease)
        #expect(try await bury(nodes.2, Self.long))
        #expect(try await !bury(nodes.1))
        try await directory.forget(nodes.0)
        #expect(try await directory.nodes().isEmpty)
        #expect(try await directory.renewLease(of: nodes.0, lasting: Self.long) == .buried)
        #expect(try await !bury(nodes.1))
    }

    @Test("of many who want to bury a node one does", arguments: ClusterFixture.Implementation.allCases)
    func race(implementation: ClusterFixture.Implementation) async throws {
        let directory = try await implementation.make().directory
        let buried = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask { [nodes] in
                    try await directory.bury(nodes.0, by: .random(), lasting: Self.long)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(buried == 1)
    }

    @Test("what a node recorded is found page by page", arguments: ClusterFixture.Implementation.allCases)
    func records(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let directory = fixture.directory
        let topics = (0..<1_203).map { fixture.topic("room-\($0)") } + [fixture.topic("{é}/%", .user)]
        #expect(try await directory.record([], of: nodes.0))
        #expect(try await directory.record(topics, of: nodes.0))
        #expect(try await directory.record(topics.suffix(2), of: nodes.0))
        var found: [ClusterTopic] = []
        while true {
            let page = try await directory.recordedTopics(of: nodes.0, after: found.last, limit: 100)
            #expect(page.count <= 100)
            found += page
            if page.isEmpty { break }
        }
        #expect(found.count == topics.count)
        #expect(Set(found) == Set(topics))
        let tags = found.map { Array($0.tag.utf8) }
        #expect(zip(tags, tags.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
        #expect(try await directory.recordedTopics(of: nodes.0, after: nil, limit: 5_000) == found)
        #expect(try await directory.recordedTopics(of: nodes.1, after: nil, limit: 10) == [])
        try await directory.erase(Array(topics.dropFirst(3)), of: nodes.0)
        try await directory.erase([], of: nodes.0)
        #expect(Set(try await directory.recordedTopics(of: nodes.0, after: nil, limit: 10)) == Set(topics.prefix(3)))
    }

    @Test("channels are listed over all nodes by prefix", arguments: ClusterFixture.Implementation.allCases)
    func channels(implementation: ClusterFixture.Implementation) async throws {
        let fixture = try await implementation.make()
        let directory = fixture.directory
        func names(_ prefix: String) async throws -> [String] {
            try await directory.channels(appID: fixture.appID, prefix: prefix).map(\.name)
        }
        #expect(try await names("") == [])
        for node in [nodes.0, nodes.1] { _ = try await directory.renewLease(of: node, lasting: Self.long) }
        let many = (1_000..<3_500).map { fixture.topic("many-\($0)") }
        _ = try await directory.record(many, of: nodes.0)
        _ = try await directory.record(many.suffix(1_100) + [fixture.topic("other")], of: nodes.1)
        _ = try await directory.record([fixture.topic("presence-a"), fixture.topic("presence")], of: nodes.0)
        _ = try await directory.record([fixture.topic("many-user", .user), fixture.topic("", .app)], of: nodes.0)
        let foreign = ClusterTopic(.channel, appID: fixture.appID + "1", name: "many-0")
        _ = try await directory.record([foreign], of: nodes.1)
        #expect(try await names("many-") == many.map(\.name))
        #expect(try await names("presence-") == ["presence-a"])
        #expect(try await names("presence") == ["presence", "presence-a"])
        #expect(try await names("").count == 2_503)
        #expect(try await names("none") == [])
        try await directory.erase([fixture.topic("presence-a")], of: nodes.0)
        #expect(try await names("presence-") == [])
    }
}
