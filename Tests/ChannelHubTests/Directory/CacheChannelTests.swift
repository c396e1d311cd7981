import NIOCore
import ServerCore
import Testing

@testable import ChannelHub

/// Checks what cache channels keep, for how long and how many.
@Suite struct CacheChannelTests {
    private static func configuration(maxEntries: Int = 100_000) -> HubConfiguration {
        var configuration = HubConfiguration()
        configuration.cacheChannelTTL = .seconds(100)
        configuration.cacheChannelMaxEntries = maxEntries
        return configuration
    }

    private let fixture = DirectoryFixture(configuration: configuration())

    @Test("the last event is kept until its time is over, also while nobody is subscribed")
    func keeps() throws {
        fixture.publish("cache-a", "one")
        fixture.publish("cache-a", "two", at: 50)
        #expect(fixture.cached("cache-a", at: 149) == "two")
        #expect(fixture.cached("cache-a", at: 150) == nil)
        let outcome = try fixture.join("cache-a", at: 149)
        #expect(outcome.cached.map { String(buffer: $0) } == "two")
        #expect(try fixture.join("cache-a", at: 151).cached == nil)
    }

    @Test("a value's end is swept, also when it replaced another")
    func sweeps() {
        fixture.publish("cache-a", "one")
        fixture.publish("cache-a", "two", at: 50)
        fixture.sweep(at: 100)
        #expect(fixture.cached("cache-a", at: 100) == "two")
        #expect(!fixture.directory.isEmpty)
        fixture.sweep(at: 150)
        #expect(fixture.directory.isEmpty)
    }

    @Test("client events and events of other channels are not kept")
    func keepsNothingElse() {
        fixture.publish("cache-a", "client", isCacheable: false)
        fixture.publish("news", "event")
        #expect(fixture.cached("cache-a") == nil && fixture.cached("news") == nil)
        #expect(fixture.directory.isEmpty)
    }

    @Test("a miss is told once until there is a value or nobody is left")
    func tellsMissOnce() throws {
        try fixture.join("cache-a")
        try fixture.join("cache-a")
        #expect(fixture.sink.texts.filter { $0.hasSuffix("miss") }.count == 1)
        fixture.publish("cache-a", "one")
        try fixture.join("cache-a", at: 101)
        #expect(fixture.sink.texts.filter { $0.hasSuffix("miss") }.count == 2)
        for index in 0..<3 { fixture.leave("cache-a", isBroken: false, isLast: index == 2, at: 102) }
        try fixture.join("cache-a", at: 103)
        #expect(fixture.sink.texts.filter { $0.hasSuffix("miss") }.count == 3)
    }

    @Test("beyond the bound the values that end soonest give way, and a renewed value is not one of them")
    func evicts() {
        // Four values in each of 64 stripes: with at most three newer ones since its renewal, it always has a place.
        let fixture = DirectoryFixture(configuration: Self.configuration(maxEntries: 4 * 64))
        for index in 0..<2_000 {
            let time = Double(index) / 1000
            if index % 3 == 0 {
                fixture.publish("cache-renewed", "fresh", at: time)
            }
            fixture.publish("cache-\(index)", "x", at: time)
            fixture.sweep(at: time)
            #expect(fixture.cached("cache-renewed", at: time) == "fresh")
        }
        #expect(fixture.cached("cache-0", at: 2) == nil)
        let kept = (0..<2_000).filter { fixture.cached("cache-\($0)", at: 2) != nil }
        #expect(kept.count <= 4 * 64)
        fixture.sweep(at: 200)
        #expect(fixture.directory.isEmpty)
    }

    @Test("what a subscriber gets on joining carries the version after which live events are new to it")
    func versions() throws {
        let empty = try fixture.join("cache-a").version
        fixture.publish("cache-a", "one")
        let one = try fixture.join("cache-a").version
        fixture.publish("cache-a", "client", isCacheable: false)
        #expect(try fixture.join("cache-a").version == one)
        #expect(one > empty)
    }

    @Test(
        "a channel that was forgotten starts with a version beyond those of its earlier life",
        arguments: [
            "cache-a", "presence-a",
        ]
    )
    func neverRepeatsVersions(_ name: String) throws {
        let user = name == "presence-a" ? "1" : nil
        try fixture.join(name, user: user)
        if user != nil {
            try fixture.join(name, user: "2")
            fixture.leave(name, user: "2", isBroken: false, isLast: false)
        }
        fixture.publish(name, "one")
        let last = try fixture.join(name, user: user).version
        for index in 0..<2 { fixture.leave(name, user: user, isBroken: false, isLast: index == 1) }
        fixture.sweep(at: 1_000)
        #expect(fixture.directory.isEmpty)
        #expect(try fixture.join(name, user: user, at: 1_001).version >= last)
    }
}
