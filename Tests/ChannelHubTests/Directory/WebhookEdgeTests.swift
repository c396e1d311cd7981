import ServerCore
import TestSupport
import Testing

@testable import ChannelHub

/// Checks that the receivers of webhooks hear of every change once and alternately, and of broken connections late.
@Suite struct WebhookEdgeTests {
    @Test("the first subscriber occupies, the last one vacates, those between say nothing")
    func tellsEdges() throws {
        let fixture = DirectoryFixture()
        try fixture.join("news")
        try fixture.join("news")
        fixture.leave("news", isBroken: false, isLast: false)
        fixture.leave("news", isBroken: false)
        try fixture.join("news")
        #expect(fixture.sink.texts == ["news occupied", "news vacated", "news occupied"])
    }

    @Test("a broken connection is told after the grace period")
    func waits() throws {
        let fixture = DirectoryFixture()
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: true, at: 1)
        fixture.sweep(at: 3.9)
        #expect(fixture.sink.texts == ["presence-a occupied", "presence-a +1"])
        fixture.sweep(at: 4)
        #expect(fixture.sink.texts.suffix(2) == ["presence-a -1", "presence-a vacated"])
        #expect(fixture.directory.isEmpty)
    }

    @Test("who is back within the grace period has never been away")
    func cancels() throws {
        let fixture = DirectoryFixture()
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: true, at: 1)
        try fixture.join("presence-a", user: "1", at: 3)
        fixture.sweep(at: 100)
        #expect(fixture.sink.texts == ["presence-a occupied", "presence-a +1"])
        fixture.leave("presence-a", user: "1", isBroken: true, at: 101)
        fixture.sweep(at: 102)
        #expect(fixture.sink.texts.count == 2)
        fixture.sweep(at: 104)
        #expect(fixture.sink.texts.count == 4)
    }

    @Test("a second break within the grace period starts it anew")
    func restarts() throws {
        let fixture = DirectoryFixture()
        try fixture.join("news")
        fixture.leave("news", isBroken: true, at: 1)
        try fixture.join("news", at: 2)
        fixture.leave("news", isBroken: true, at: 3)
        fixture.sweep(at: 4.5)
        #expect(fixture.sink.texts == ["news occupied"])
        fixture.sweep(at: 6)
        #expect(fixture.sink.texts == ["news occupied", "news vacated"])
    }

    @Test("an unsubscription during the grace period is told at once, and only once")
    func tellsUnsubscription() throws {
        let fixture = DirectoryFixture()
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: true, at: 1)
        try fixture.join("presence-a", user: "1", at: 2)
        fixture.leave("presence-a", user: "1", isBroken: false, at: 2)
        fixture.sweep(at: 50)
        #expect(fixture.sink.texts == ["presence-a occupied", "presence-a +1", "presence-a -1", "presence-a vacated"])
    }

    @Test("another user's arrival keeps the channel occupied while the first user's departure waits")
    func separatesUsers() throws {
        let fixture = DirectoryFixture()
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: true, at: 1)
        try fixture.join("presence-a", user: "2", at: 2)
        fixture.sweep(at: 50)
        #expect(fixture.sink.texts == ["presence-a occupied", "presence-a +1", "presence-a +2", "presence-a -1"])
    }

    @Test("a user's second connection is not announced, and its end neither")
    func countsConnections() throws {
        let fixture = DirectoryFixture()
        try fixture.join("presence-a", user: "1")
        try fixture.join("presence-a", user: "1")
        #expect(fixture.directory.counts(of: fixture.key("presence-a")).users == 1)
        #expect(fixture.directory.counts(of: fixture.key("presence-a")).subscriptions == 2)
        fixture.leave("presence-a", user: "1", isBroken: false, isLast: false)
        fixture.sweep(at: 50)
        #expect(fixture.sink.texts == ["presence-a occupied", "presence-a +1"])
    }

    @Test("server-to-user channels are in no webhook")
    func hidesServerToUser() throws {
        let fixture = DirectoryFixture()
        try fixture.join("#server-to-user-1")
        fixture.leave("#server-to-user-1", isBroken: false)
        #expect(fixture.sink.texts.isEmpty)
        #expect(fixture.directory.isEmpty)
    }

    @Test(
        "a channel whose users keep changing remembers none of them",
        arguments: [
            nil, WebhookEventTypes.channelOccupied, .memberAdded, WebhookEventTypes(rawValue: .max),
        ]
    )
    func forgetsUsers(_ webhooks: WebhookEventTypes?) throws {
        let fixture = DirectoryFixture(.testing(webhooks: webhooks))
        try fixture.join("presence-a", user: "stays")
        for number in 0..<1_000 {
            try fixture.join("presence-a", user: "\(number)", at: Double(number))
            fixture.leave("presence-a", user: "\(number)", isBroken: true, isLast: false, at: Double(number))
            fixture.sweep(at: Double(number))
        }
        fixture.sweep(at: 2_000)
        #expect(fixture.directory.rememberedUsers(of: fixture.key("presence-a")) <= 1)
    }

    @Test("random joins, leaves and sweeps tell alternating edges that end where the channel does", arguments: 0..<20)
    func alternates(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let fixture = DirectoryFixture()
        var present: [String] = []
        var time = 0.0
        for _ in 0..<500 {
            time += Double.random(in: 0...1.5, using: &random)
            if Bool.random(using: &random), let user = present.randomElement(using: &random) {
                present.remove(at: present.firstIndex(of: user) ?? 0)
                fixture.leave(
                    "presence-a",
                    user: user,
                    isBroken: Bool.random(using: &random),
                    isLast: present.isEmpty,
                    at: time
                )
            } else if present.count < 6 {
                let user = "\(Int.random(in: 0..<3, using: &random))"
                present.append(user)
                try fixture.join("presence-a", user: user, at: time)
            }
            if Bool.random(using: &random) { fixture.sweep(at: time) }
        }
        fixture.sweep(at: time + 10)
        for user in ["0", "1", "2"] {
            let edges = fixture.sink.texts.filter { $0.hasSuffix("+\(user)") || $0.hasSuffix("-\(user)") }
            expectAlternation(edges.map { $0.contains("+") }, isOpen: present.contains(user))
        }
        let edges = fixture.sink.texts.filter { $0.hasSuffix("occupied") || $0.hasSuffix("vacated") }
        expectAlternation(edges.map { $0.hasSuffix("occupied") }, isOpen: !present.isEmpty)
    }

    private func expectAlternation(_ edges: [Bool], isOpen: Bool) {
        #expect(edges == edges.indices.map { $0 % 2 == 0 })
        #expect(edges.last ?? false == isOpen)
    }
}
