import ServerCore
import Testing

@testable import ChannelHub

/// Checks the listing of channels, and that nothing remains of channels that are gone.
@Suite struct ListingTests {
    private let fixture = DirectoryFixture(.testing(webhooks: nil))

    @Test("occupied channels are listed by prefix and app")
    func lists() throws {
        let other = fixture.apps.activate(.testing("2"))
        for name in ["news", "presence-a", "presence-b", "#server-to-user-1"] {
            try fixture.join(name, user: name.hasPrefix("presence") ? "1" : nil)
        }
        fixture.publish("cache-vacant", "x")
        func names(_ prefix: String, _ app: ActiveApp) -> [String] {
            fixture.directory.occupiedChannels(app: app.number, prefix: prefix).map(\.name).sorted()
        }
        #expect(names("", fixture.app) == ["news", "presence-a", "presence-b"])
        #expect(names("presence-", fixture.app) == ["presence-a", "presence-b"])
        #expect(names("x", fixture.app).isEmpty)
        #expect(names("", other).isEmpty)
        #expect(fixture.directory.occupancy(app: fixture.app.number).channels == 3)
        #expect(fixture.directory.occupancy(app: fixture.app.number).presenceMembers == 2)
    }

    @Test("nothing remains when all have gone, and the gauges are back at zero")
    func forgets() throws {
        for index in 0..<2_000 {
            try fixture.join("presence-\(index % 500)", user: "\(index)", at: 0)
        }
        #expect(DirectoryFixture.gauge("active_channels", in: fixture.registry) == 500)
        for index in 0..<2_000 {
            fixture.leave("presence-\(index % 500)", user: "\(index)", isBroken: index % 2 == 0, isLast: index >= 1_500)
        }
        fixture.sweep(at: 10)
        #expect(fixture.directory.isEmpty)
        #expect(DirectoryFixture.gauge("active_channels", in: fixture.registry) == 0)
    }

    @Test("events of channels that nobody is in leave nothing behind")
    func publishesIntoNothing() {
        for index in 0..<100 {
            #expect(fixture.publish("news-\(index)", "x") == ChannelCounts())
        }
        #expect(fixture.directory.isEmpty)
    }
}
