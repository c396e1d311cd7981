import ServerCore
import Testing

@testable import ChannelHub

/// Checks when subscribers and webhooks are told how many subscribers there are.
@Suite struct SubscriptionCountTests {
    private static var configuration: HubConfiguration {
        var configuration = HubConfiguration()
        configuration.subscriptionCountThreshold = 3
        configuration.subscriptionCountInterval = .seconds(5)
        return configuration
    }

    private let fixture = DirectoryFixture(
        .testing(webhooks: .subscriptionCount, sendsCounts: true),
        configuration: configuration
    )

    @Test("up to the threshold every change is told at once")
    func tellsAtOnce() throws {
        for _ in 0..<3 { try fixture.join("news") }
        fixture.leave("news", isBroken: false, isLast: false)
        #expect(fixture.sink.texts == ["news =1", "news =2", "news =3", "news =2"])
    }

    @Test("above it changes are told once an interval, with the count of then")
    func holdsBack() throws {
        for _ in 0..<10 { try fixture.join("news", at: 1) }
        #expect(fixture.sink.texts.last == "news =3")
        fixture.sweep(at: 5.9)
        #expect(fixture.sink.texts.count == 3)
        fixture.sweep(at: 6)
        #expect(fixture.sink.texts.suffix(1) == ["news =10"])
        fixture.sweep(at: 60)
        #expect(fixture.sink.texts.count == 4)
        try fixture.join("news", at: 61)
        #expect(fixture.sink.texts.last == "news =11")
    }

    @Test("a count that has come back to what was told is not told again")
    func tellsChangesOnly() throws {
        for _ in 0..<3 { try fixture.join("news", at: 1) }
        try fixture.join("news", at: 1)
        fixture.leave("news", isBroken: false, isLast: false, at: 1)
        fixture.sweep(at: 10)
        #expect(fixture.sink.texts == ["news =1", "news =2", "news =3"])
    }

    @Test("the last one's leaving is told, and the channel is forgotten when nothing waits")
    func forgets() throws {
        for _ in 0..<5 { try fixture.join("news", at: 1) }
        for index in 0..<5 { fixture.leave("news", isBroken: false, isLast: index == 4, at: 2) }
        fixture.sweep(at: 20)
        #expect(fixture.sink.texts.last == "news =0")
        #expect(fixture.directory.isEmpty)
    }

    @Test(
        "presence channels, and apps that did not ask, are told nothing",
        arguments: ["presence-a", "#server-to-user-1"]
    )
    func staysSilent(_ name: String) throws {
        try fixture.join(name, user: "1")
        #expect(fixture.sink.texts.isEmpty)
        let other = DirectoryFixture(.testing(webhooks: .subscriptionCount))
        try other.join("news")
        #expect(other.sink.texts.isEmpty)
    }
}
