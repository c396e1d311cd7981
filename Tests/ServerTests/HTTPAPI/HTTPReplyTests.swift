import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import Server

/// Checks the answers byte for byte, as official suites compare them.
@Suite struct HTTPReplyTests {
    @Test("success without more is an empty object")
    func answersEmptyObject() {
        #expect(String(buffer: HTTPReply.emptyObject.body) == "{}")
        #expect(HTTPReply.emptyObject.status == .ok)
        #expect(HTTPReply.emptyObject.contentType == "application/json")
        #expect(HTTPReply(empty: .accepted).contentType == nil)
    }

    @Test("channels are an object, also without any")
    func answersChannels() {
        #expect(text(.channels([])) == #"{"channels":{}}"#)
        let reply = HTTPReply.channels([
            ("private-o1", ChannelAttributes(subscriptionCount: 3)),
            ("presence-lobby", ChannelAttributes(userCount: 2, subscriptionCount: 4)),
            ("x", ChannelAttributes()),
        ])
        #expect(
            text(reply)
                == #"{"channels":{"private-o1":{"subscription_count":3},"presence-lobby":{"user_count":2,"subscription_count":4},"x":{}}}"#
        )
    }

    @Test("a batch answers one object an event")
    func answersBatch() {
        #expect(text(.batch([])) == #"{"batch":[]}"#)
        #expect(
            text(
                .batch([ChannelAttributes(subscriptionCount: 12), ChannelAttributes(), ChannelAttributes(userCount: 1)])
            )
                == #"{"batch":[{"subscription_count":12},{},{"user_count":1}]}"#
        )
    }

    @Test("a channel tells what was asked")
    func answersChannel() {
        #expect(text(.channel(isOccupied: false)) == #"{"occupied":false}"#)
        #expect(
            text(.channel(isOccupied: true, attributes: ChannelAttributes(userCount: 1, subscriptionCount: 2)))
                == #"{"occupied":true,"user_count":1,"subscription_count":2}"#
        )
        #expect(text(.channel(isOccupied: true, cache: .empty)) == #"{"occupied":true,"cache":null}"#)
        let cached = CacheAttribute.event(escapedData: Array(#"{\"p\":1}"#.utf8), ttlSeconds: 1742)
        #expect(
            text(.channel(isOccupied: true, attributes: ChannelAttributes(subscriptionCount: 5), cache: cached))
                == #"{"occupied":true,"cache":{"data":"{\"p\":1}","ttl":1742},"subscription_count":5}"#
        )
        #expect(
            text(.channelStatistics(isOccupied: true, userCount: 2, connectionCount: 4))
                == #"{"occupied":true,"user_count":2,"connection_count":4}"#
        )
        #expect(
            text(.channelStatistics(isOccupied: false, userCount: nil, connectionCount: nil)) == #"{"occupied":false}"#
        )
    }

    @Test("users are listed by id")
    func answersUsers() {
        #expect(text(.users([])) == #"{"users":[]}"#)
        #expect(text(.users(["41", "a\"b"])) == #"{"users":[{"id":"41"},{"id":"a\"b"}]}"#)
    }

    @Test("a failure is plain text")
    func answersFailure() {
        var failure = HTTPFailure(.tooManyRequests, "slow down")
        failure.retryAfterSeconds = 7
        let reply = failure.reply
        #expect(reply.status == .tooManyRequests)
        #expect(reply.contentType == "text/plain; charset=utf-8")
        #expect(reply.headers.map(\.name) == ["Retry-After"])
        #expect(reply.headers.map(\.value) == ["7"])
        #expect(text(reply) == "slow down")
    }

    private func text(_ reply: HTTPReply) -> String {
        String(buffer: reply.body)
    }
}
