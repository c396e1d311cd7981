import PusherProtocol
import ServerCore
import Testing

@testable import ChannelHub

/// Checks members whose connection broke and who may linger in their channel.
@Suite struct LingeringTests {
    private static var configuration: HubConfiguration {
        var configuration = HubConfiguration()
        configuration.ungracefulPresenceGrace = .seconds(10)
        return configuration
    }

    private let fixture = DirectoryFixture(configuration: configuration)

    @Test("a member whose connection broke stays until the grace is over")
    func lingers() throws {
        try fixture.join("presence-a", user: "stays")
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: true, isLast: false, at: 1)
        fixture.sweep(at: 10)
        #expect(fixture.directory.userIDs(of: fixture.key("presence-a")).sorted() == ["1", "stays"])
        #expect(!fixture.sink.texts.contains("presence-a -1"))
        fixture.sweep(at: 11)
        #expect(fixture.directory.userIDs(of: fixture.key("presence-a")) == ["stays"])
        #expect(fixture.sink.texts.last == "presence-a -1")
    }

    @Test("a member who unsubscribes goes at once")
    func leaves() throws {
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: false)
        #expect(fixture.directory.userIDs(of: fixture.key("presence-a")).isEmpty)
        #expect(fixture.sink.texts.suffix(2) == ["presence-a -1", "presence-a vacated"])
        #expect(fixture.directory.isEmpty)
    }

    @Test("a member who is back is neither announced nor given up by the old timer")
    func returns() throws {
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: true, at: 1)
        let outcome = try fixture.join("presence-a", user: "1", at: 5)
        #expect(outcome.members?.map(\.userID) == ["1"])
        fixture.sweep(at: 12)
        #expect(fixture.directory.userIDs(of: fixture.key("presence-a")) == ["1"])
        fixture.leave("presence-a", user: "1", isBroken: true, at: 13)
        fixture.sweep(at: 22)
        #expect(fixture.directory.userIDs(of: fixture.key("presence-a")) == ["1"])
        fixture.sweep(at: 23)
        #expect(fixture.directory.userIDs(of: fixture.key("presence-a")).isEmpty)
        #expect(fixture.directory.isEmpty)
    }

    @Test("a lingering member takes a seat, and its own return needs none")
    func takesSeat() throws {
        var app = App.testing()
        app.limits.maxPresenceMembersPerChannel = 1
        fixture.app.update(SharedApp(app))
        try fixture.join("presence-a", user: "1")
        fixture.leave("presence-a", user: "1", isBroken: true, at: 1)
        #expect(throws: (any Error).self) { try fixture.join("presence-a", user: "2", at: 2) }
        try fixture.join("presence-a", user: "1", at: 3)
        #expect(throws: (any Error).self) { try fixture.join("presence-a", user: "2", at: 4) }
        try fixture.join("presence-a", user: "1", at: 4)
    }

    @Test("a refused member leaves nothing behind")
    func refuses() {
        var app = App.testing()
        app.limits.maxPresenceMembersPerChannel = 0
        fixture.app.update(SharedApp(app))
        #expect(throws: (any Error).self) { try fixture.join("presence-a", user: "2") }
        #expect(fixture.directory.isEmpty)
        #expect(fixture.sink.texts.isEmpty)
    }
}
