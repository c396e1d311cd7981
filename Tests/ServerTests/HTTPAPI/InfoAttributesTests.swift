import NIOHTTP1
import PusherProtocol
import Testing

@testable import Server

/// Checks what `info` may ask on which route.
@Suite struct InfoAttributesTests {
    @Test("a publish takes what it knows")
    func readsPublish() {
        #expect(InfoAttributes(ofPublish: "") == [])
        #expect(
            InfoAttributes(ofPublish: "user_count, subscription_count ,,nonsense") == [.userCount, .subscriptionCount]
        )
    }

    @Test("a publish answers only attributes that apply")
    func appliesToPublish() {
        let all: InfoAttributes = [.userCount, .subscriptionCount, .cache]
        #expect(all.applicable(to: ChannelKind(name: "news"), countsSubscriptions: true) == .subscriptionCount)
        #expect(all.applicable(to: ChannelKind(name: "news"), countsSubscriptions: false) == [])
        #expect(
            all.applicable(to: ChannelKind(name: "presence-a"), countsSubscriptions: true)
                == [.userCount, .subscriptionCount]
        )
    }

    @Test(
        "a query with an unknown attribute is refused with the known text",
        arguments: ["members", "user_count,x", "user count"]
    )
    func refusesUnknown(_ text: String) {
        let failure = #expect(throws: HTTPFailure.self) { try InfoAttributes(ofQuery: text) }
        #expect(failure?.status == .badRequest)
        #expect(failure?.message.contains("info should be a comma separated list of attributes") == true)
    }

    @Test("a listing counts users only under a presence prefix")
    func checksListing() throws {
        let users = try InfoAttributes(ofQuery: "user_count")
        #expect(throws: Never.self) { try users.checkListing(prefix: "presence-a", countsSubscriptions: false) }
        for prefix in ["", "presence", "private-", "xpresence-"] {
            let failure = #expect(throws: HTTPFailure.self) {
                try users.checkListing(prefix: prefix, countsSubscriptions: true)
            }
            #expect(
                failure?.message
                    == "user_count may only be requested for presence channels - please supply filter_by_prefix beginning with presence-"
            )
        }
        #expect(throws: HTTPFailure.self) {
            try InfoAttributes.cache.checkListing(prefix: "cache-", countsSubscriptions: true)
        }
        #expect(throws: HTTPFailure.self) {
            try InfoAttributes.subscriptionCount.checkListing(prefix: "", countsSubscriptions: false)
        }
        #expect(throws: Never.self) {
            try InfoAttributes(ofQuery: nil).checkListing(prefix: "", countsSubscriptions: false)
        }
    }

    @Test("a channel is asked only what its kind has")
    func checksChannel() throws {
        let failure = #expect(throws: HTTPFailure.self) {
            try InfoAttributes.userCount.checkChannel(ChannelKind(name: "private-a"), countsSubscriptions: true)
        }
        #expect(failure == .badRequest("Cannot retrieve the user count unless the channel is a presence channel"))
        #expect(throws: HTTPFailure.self) {
            try InfoAttributes.cache.checkChannel(ChannelKind(name: "private-a"), countsSubscriptions: true)
        }
        #expect(throws: HTTPFailure.self) {
            try InfoAttributes.subscriptionCount.checkChannel(ChannelKind(name: "a"), countsSubscriptions: false)
        }
        let all: InfoAttributes = [.userCount, .subscriptionCount, .cache]
        #expect(throws: Never.self) {
            try all.checkChannel(ChannelKind(name: "presence-cache-a"), countsSubscriptions: true)
        }
    }
}
