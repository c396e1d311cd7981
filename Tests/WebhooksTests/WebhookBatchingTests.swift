import CurlHTTP
import Logging
import MemoryBackend
import ServerCore
import ServiceLifecycle
import TestSupport
import Testing

@testable import Webhooks

@Suite("Webhook batching", .timeLimit(.minutes(1)))
struct WebhookBatchingTests {
    @Test("a full batch leaves at once, in order, by app")
    func bySize() async throws {
        try await HTTPTestServer.with { server in
            let bench = try WebhookBench(
                apps: [WebhookBench.app("1", server.url("/1")), WebhookBench.app("2", server.url("/2"))],
                configuration: .batches(of: 4)
            )
            try await bench.run {
                bench.buffer.emit(.occupied("a"))
                bench.buffer.emit(.occupied("b", app: "2"))
                bench.buffer.emit(.occupied("c"))
                bench.buffer.emit(.occupied("d", app: "2"))
                let requests = await server.requests.wait(for: 2)
                let bodies = Dictionary(uniqueKeysWithValues: requests.map { ($0.target, $0.text) })
                func body(_ channels: String...) -> String {
                    let events = channels.map { #"{"name":"channel_occupied","channel":"\#($0)"}"# }
                    return #"{"time_ms":1754000000123,"events":[\#(events.joined(separator: ","))]}"#
                }
                #expect(bodies == ["/1": body("a", "c"), "/2": body("b", "d")])
                #expect(bench.clock.now.offset == .zero)
            }
        }
    }

    @Test("a batch that does not fill leaves when its time is over, dated by its oldest event")
    func byDuration() async throws {
        try await HTTPTestServer.with { server in
            let bench = try WebhookBench(
                apps: [WebhookBench.app("1", server.url())],
                configuration: .batches(of: 100)
            )
            let isBatching = Task {
                while !bench.clock.sleeps.elements.contains(where: { $0.offset == .milliseconds(50) }) {
                    await bench.clock.sleeps.wait(for: bench.clock.sleeps.elements.count + 1)
                }
            }
            try await bench.run {
                bench.buffer.emit(.occupied("a"))
                await isBatching.value
                bench.buffer.emit(.occupied("b"))
                #expect(bench.queue.enqueued.elements.isEmpty)
                bench.clock.advance(by: .milliseconds(50))
                let request = await server.requests.wait(for: 1)[0]
                #expect(request.text.hasPrefix(#"{"time_ms":1754000000123,"events":[{"#))
                #expect(request.text.hasSuffix(#""channel":"b"}]}"#))
            }
        }
    }

    @Test("two webhooks with one URL are two deliveries")
    func sameURL() async throws {
        try await HTTPTestServer.with { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url(), server.url())])
            bench.apps.change("1") { app in
                app.webhooks[0].headers = [.init(name: "X-Entry", value: "0")]
                app.webhooks[1].headers = [.init(name: "X-Entry", value: "1")]
            }
            try await bench.run {
                bench.buffer.emit(.occupied("a"))
                let requests = await server.requests.wait(for: 2)
                #expect(Set(requests.flatMap { $0.values(of: "X-Entry") }) == ["0", "1"])
            }
        }
    }

    @Test("a full buffer drops what comes, and counts it")
    func overflow() throws {
        var configuration = WebhookConfiguration()
        configuration.maxBufferedEvents = 3
        let bench = try WebhookBench(apps: [], configuration: configuration)
        for index in 0..<10 { bench.buffer.emit(.occupied("\(index)")) }
        #expect(bench.buffer.take(max: 100).map(\.event.channel) == ["0", "1", "2"])
        #expect(bench.metrics.total("webhook_events_total", "app_id=1") == 3)
        #expect(bench.metrics.total("webhook_events_dropped_total", "app_id=1") == 7)
        bench.buffer.emit(.occupied("again"))
        #expect(bench.buffer.take(max: 100).count == 1)
    }

    @Test("the bytes of the buffer are bounded too")
    func byteOverflow() throws {
        var configuration = WebhookConfiguration()
        configuration.maxBufferedBytes = 2_000
        let bench = try WebhookBench(apps: [], configuration: configuration)
        let content = WebhookEvent.Content.clientEvent(
            name: "client-x",
            data: String(repeating: "x", count: 1_500),
            socketID: "1.1",
            userID: nil
        )
        bench.buffer.emit(WebhookEvent(appID: "1", channel: "private-a", content: content))
        bench.buffer.emit(WebhookEvent(appID: "1", channel: "private-b", content: content))
        #expect(bench.buffer.take(max: 100).count == 1)
    }

    @Test("events of an app that cannot be looked up wait until it can be")
    func lookupFailure() async throws {
        try await HTTPTestServer.with { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())])
            bench.apps.fail(with: BackendError(.unavailable, "the store is away"))
            try await bench.run {
                bench.buffer.emit(.occupied("a"))
                while !bench.clock.sleeps.elements.contains(where: { $0.offset == .seconds(1) }) {
                    await bench.clock.sleeps.wait(for: bench.clock.sleeps.elements.count + 1)
                }
                bench.apps.fail(with: nil)
                bench.clock.advance(by: .seconds(1))
                await server.requests.wait(for: 1)
            }
        }
    }

    @Test("events of an app that does not exist are dropped and counted")
    func orphan() async throws {
        try await HTTPTestServer.with { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("2", server.url())])
            try await bench.run {
                bench.buffer.emit(.occupied("a"))
                bench.buffer.emit(.occupied("b", app: "2"))
                await server.requests.wait(for: 1)
                #expect(bench.metrics.total("webhook_events_dropped_total", "app_id=1") == 1)
            }
        }
    }

    @Test("shutting down delivers what is buffered before it ends")
    func shutdown() async throws {
        let gate = Gate()
        let responder: HTTPTestServer.Responder = { _ in
            await gate.pass()
            return .respond(status: 200)
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let bench = try WebhookBench(
                apps: [WebhookBench.app("1", server.url())],
                configuration: .batches(of: 100)
            )
            let services = ServiceGroup(
                services: [bench.dispatcher, bench.batcher],
                logger: .init(label: "services", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            async let ended: Void = services.run()
            for index in 0..<150 { bench.buffer.emit(.occupied("\(index)")) }
            await server.requests.wait(for: 1)
            bench.buffer.emit(.occupied("last"))
            await services.triggerGracefulShutdown()
            gate.open()
            try await ended
            let sent = server.requests.elements.map(\.text).joined()
            #expect(sent.contains(#""channel":"149""#))
            #expect(sent.contains(#""channel":"last""#))
            #expect(try await bench.queue.depth().waiting == 0)
            #expect(try await bench.queue.depth().leased == 0)
            await bench.client.shutdown()
        }
    }

    @Test("shutting down waits for a queue that is full, and not for one that stays so", arguments: [true, false])
    func shutdownWithFullQueue(isFreed: Bool) async throws {
        let gate = Gate()
        let responder: HTTPTestServer.Responder = { _ in
            await gate.pass()
            return .respond(status: 200)
        }
        try await HTTPTestServer.with(responder: responder) { server in
            var limits = MemoryJobQueueLimits()
            limits.maxJobs = 1
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())], limits: limits)
            let batcher = ServiceGroup(
                services: [bench.batcher],
                logger: .init(label: "services", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let delivery = Task { await bench.dispatcher.run() }
            async let ended: Void = batcher.run()
            bench.buffer.emit(.occupied("first"))
            await server.requests.wait(for: 1)
            bench.buffer.emit(.occupied("last"))
            while !bench.clock.sleeps.elements.contains(where: { $0.offset == .seconds(1) }) {
                await bench.clock.sleeps.wait(for: bench.clock.sleeps.elements.count + 1)
            }
            await batcher.triggerGracefulShutdown()
            if isFreed {
                gate.open()
                await bench.queue.calls.wait(for: 1)
            }
            // Each pause that begins is over at once.
            let ticker = Task {
                var count = 0
                while !Task.isCancelled {
                    await bench.clock.sleeps.wait(for: count + 1)
                    count = bench.clock.sleeps.elements.count
                    bench.clock.advance(by: .seconds(1))
                }
            }
            try await ended
            #expect(bench.metrics.total("webhook_events_dropped_total", "app_id=1") == (isFreed ? 0 : 1))
            if isFreed { await server.requests.wait(for: 2) }
            ticker.cancel()
            gate.open()
            delivery.cancel()
            await delivery.value
            await bench.client.shutdown()
        }
    }

    @Test("shutting down does not wait for a dead endpoint beyond its time, and gives the job back")
    func shutdownDeadline() async throws {
        try await HTTPTestServer.with(responder: { _ in .hang }) { server in
            let bench = try WebhookBench(apps: [WebhookBench.app("1", server.url())])
            let services = ServiceGroup(
                services: [bench.dispatcher, bench.batcher],
                logger: .init(label: "services", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            async let ended: Void = services.run()
            bench.buffer.emit(.occupied("a"))
            await server.requests.wait(for: 1)
            await services.triggerGracefulShutdown()
            while !bench.clock.sleeps.elements.contains(where: { $0.offset == .milliseconds(250) }) {
                await bench.clock.sleeps.wait(for: bench.clock.sleeps.elements.count + 1)
            }
            bench.clock.advance(by: .seconds(10))
            try await ended
            #expect(bench.queue.calls.elements == [.retried(after: .zero)])
            await bench.client.shutdown()
        }
    }
}
