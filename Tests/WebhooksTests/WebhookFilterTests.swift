import TestSupport
import Testing

@testable import ServerCore
@testable import Webhooks

@Suite("Webhook filters and bodies", .timeLimit(.minutes(1)))
struct WebhookFilterTests {
    private func channels(
        _ types: WebhookEventTypes = .channelOccupied,
        _ change: (inout WebhookFilter) -> Void
    ) async -> [String] {
        var app = WebhookBench.app("1", "http://127.0.0.1:1/")
        app.webhooks[0].eventTypes = types
        change(&app.webhooks[0].filter)
        let names = [
            "news", "presence-room-1", "presence-room-x", "private-room-1-eu", String(repeating: "a", count: 201),
        ]
        let events = names.map { WebhookBuffer.Entry(event: .occupied($0), milliseconds: 1) }
        let router = WebhookRouter(apps: AppList([app]), batching: WebhookConfiguration.immediate.batching)
        let bodies = await router.route(events).jobs.map { String(decoding: $0.body, as: UTF8.self) }
        return names.filter { name in bodies.contains { $0.contains(#""channel":"\#(name)""#) } }
    }

    @Test("each part of a filter counts, and all must hold")
    func parts() async {
        let long = String(repeating: "a", count: 201)
        #expect(await channels { _ in }.count == 5)
        #expect(await channels([]) { _ in } == [])
        #expect(await channels(.memberAdded) { _ in } == [])
        #expect(await channels { $0.channelPrefix = "presence-" } == ["presence-room-1", "presence-room-x"])
        #expect(await channels { $0.channelSuffix = "-eu" } == ["private-room-1-eu"])
        #expect(await channels { $0.channelPattern = "^presence-room-[0-9]+$" } == ["presence-room-1"])
        #expect(await channels { $0.channelPattern = "room" }.count == 3)
        #expect(await channels { $0.channelPattern = "(" } == [])
        #expect(await channels { $0.channelPattern = "^a" } == [])
        #expect(await channels { $0.channelPrefix = "aaa" } == [long])
        #expect(
            await channels {
                $0.channelPrefix = "private-"
                $0.channelSuffix = "-eu"
                $0.channelPattern = "-1-"
            } == ["private-room-1-eu"]
        )
    }

    @Test(
        "patterns that are invalid or can explode are refused",
        arguments: ["(", "[a", "a{2,1}", "(a+)+$", "(a|a)*$", "((a*)b)+", "(a{2,}){3}", #"(a)\1"#, "(?=a)b", "(?<!a)b"]
    )
    func refusedPatterns(pattern: String) {
        #expect(throws: ConfigurationProblem.self) { try ChannelPattern(pattern) }
    }

    @Test(
        "ordinary patterns are taken",
        arguments: [
            "^presence-room-[0-9]+$", "^(foo|bar)-", "(?:abc)+", "[(+*]+", #"\(\+"#, "(?i)news", "a|b", "",
        ]
    )
    func acceptedPatterns(pattern: String) throws {
        _ = try ChannelPattern(pattern)
    }

    @Test("random patterns never crash and never take names that are too long")
    func randomPatterns() {
        var random = SeededGenerator(seed: 3)
        let alphabet = Array(#"ab(|)[]^$.?:\d-{}1,"#)
        for _ in 0..<20_000 {
            let pattern = String(
                (0..<Int.random(in: 0...10, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                }
            )
            do throws(ConfigurationProblem) {
                let compiled = try ChannelPattern(pattern)
                _ = compiled.matches("ab1-ab")
                #expect(!compiled.matches(String(repeating: "a", count: 201)))
            } catch {
                #expect(error.key == "filter.channel_pattern")
            }
        }
    }

    static let documented: [(WebhookEvent.Content, String)] = [
        (.channelOccupied, #"{"name":"channel_occupied","channel":"c"}"#),
        (.channelVacated, #"{"name":"channel_vacated","channel":"c"}"#),
        (.memberAdded(userID: "7"), #"{"name":"member_added","channel":"c","user_id":"7"}"#),
        (.memberRemoved(userID: #"a"b"#), #"{"name":"member_removed","channel":"c","user_id":"a\"b"}"#),
        (.cacheMiss, #"{"name":"cache_miss","channel":"c"}"#),
        (.subscriptionCount(12), #"{"name":"subscription_count","channel":"c","subscription_count":12}"#),
        (
            .clientEvent(name: "client-x", data: "{\"a\":\"\\n\n\u{1}é\"}", socketID: "1.2", userID: nil),
            #"{"name":"client_event","channel":"c","event":"client-x","data":"{\"a\":\"\\n\n\u0001é\"}","#
                + #""socket_id":"1.2"}"#
        ),
        (
            .clientEvent(name: "client-x", data: "", socketID: "1.2", userID: "u"),
            #"{"name":"client_event","channel":"c","event":"client-x","data":"","socket_id":"1.2","user_id":"u"}"#
        ),
    ]

    @Test("every kind of event has its documented fields", arguments: documented)
    func bodies(content: WebhookEvent.Content, expected: String) {
        let event = WebhookEvent(appID: "1", channel: "c", content: content)
        #expect(String(decoding: event.json, as: UTF8.self) == expected)
    }

    @Test("a job survives the queue and holds no secret")
    func jobRoundTrip() throws {
        let app = WebhookBench.app("1", "https://hooks.test/p?a=1")
        let destination = try #require(WebhookDestination.all(of: app).first).destination
        let job = WebhookJob(
            destination: destination,
            timeMilliseconds: 5,
            events: [WebhookEvent.occupied("a\nb").json, WebhookEvent.occupied("c").json]
        )
        let text = String(decoding: job.encoded, as: UTF8.self)
        #expect(!text.contains(app.secret))
        #expect(!text.contains(app.key))
        let decoded = try #require(WebhookJob(decoding: job.encoded))
        #expect(decoded.destination == destination)
        #expect(decoded.body == job.body)
        #expect(decoded.timeMilliseconds == 5)
    }

    @Test("random and cut bytes are not a job and crash nothing")
    func hostileJobs() {
        var random = SeededGenerator(seed: 9)
        let destination = WebhookDestination(appID: "1", url: "http://a.test/", occurrence: 0)
        let valid = WebhookJob(destination: destination, timeMilliseconds: 5, events: []).encoded
        for length in 0..<(valid.count - 30) {
            #expect(WebhookJob(decoding: Array(valid.prefix(length))) == nil)
        }
        for _ in 0..<20_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = WebhookJob(decoding: bytes)
        }
    }

    @Test("a large run of events is cut into requests that every queue can hold")
    func largeBatch() async {
        let content = WebhookEvent.Content.clientEvent(
            name: "client-x",
            data: String(repeating: "\u{1}", count: 10_240),
            socketID: "1.2",
            userID: nil
        )
        let event = WebhookEvent(appID: "1", channel: "private-a", content: content)
        let router = WebhookRouter(
            apps: AppList([WebhookBench.app("1", "http://127.0.0.1:1/")]),
            batching: WebhookConfiguration().batching
        )
        let entries = (0..<100).map { WebhookBuffer.Entry(event: event, milliseconds: Int64($0)) }
        let jobs = await router.route(entries).jobs
        #expect(jobs.allSatisfy { $0.encoded.count < 256 * 1024 })
        #expect(jobs.reduce(0) { $0 + $1.eventCount } == 100)
        #expect(jobs.map(\.timeMilliseconds) == jobs.map(\.timeMilliseconds).sorted())
    }

    @Test("a URL is logged without user and query")
    func loggableURL() {
        let url = "https://user:pass@hooks.test:8443/p/q?token=secret#x"
        let destination = WebhookDestination(appID: "1", url: url, occurrence: 0)
        #expect(destination.loggableURL == "https://hooks.test:8443/p/q")
    }
}
