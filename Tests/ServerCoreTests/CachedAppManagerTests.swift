import CoreMetrics
import PrometheusMetrics
import TestSupport
import Testing

@testable import ServerCore

@Suite("The cached app manager", .timeLimit(.minutes(1)))
struct CachedAppManagerTests {
    private let clock = ManualClock()
    private let store = SwitchableAppStore([App(id: "1", key: "one", secret: "s")])
    private let registry = PrometheusRegistry(prefix: "")

    private func makeCache(_ change: (inout AppCacheConfiguration) -> Void = { _ in }) -> CachedAppManager {
        var configuration = AppCacheConfiguration()
        change(&configuration)
        return CachedAppManager(
            store: store,
            configuration: configuration,
            metrics: registry,
            now: clock.continuousNow
        )
    }

    private func count(_ result: String) -> String? {
        let start = "app_cache_lookups_total{result=\"\(result)\"} "
        return String(decoding: registry.render(), as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(start) }
            .map { String($0.dropFirst(start.count)) }
    }

    private func name(of finding: AppCache.Finding) -> String {
        switch finding {
        case .fresh: "fresh"
        case .stale: "stale"
        case .absent: "absent"
        case .unknown: "unknown"
        }
    }

    @Test("an app is asked for once and then at hand by id and by key")
    func hit() async throws {
        let cache = makeCache()
        #expect(cache.cachedApp(key: "one") == nil)
        #expect(try await cache.app(key: "one")?.id == "1")
        #expect(cache.cachedApp(key: "one")?.app.id == "1")
        #expect(cache.cachedApp(id: "1")?.app.key == "one")
        #expect(try await cache.app(id: "1")?.key == "one")
        #expect(store.questions.elements == [.key("one")])
        #expect(count("miss") == "1")
        #expect(count("hit") == "3")
    }

    @Test("an app's time ends after the TTL")
    func expiry() async throws {
        let cache = makeCache()
        _ = try await cache.app(id: "1")
        clock.advance(by: .seconds(300))
        #expect(cache.cachedApp(id: "1") == nil)
        _ = try await cache.app(id: "1")
        #expect(store.questions.elements.count == 2)
    }

    @Test("that an app does not exist is remembered for a shorter time")
    func negative() async throws {
        let cache = makeCache()
        #expect(try await cache.app(key: "two") == nil)
        #expect(try await cache.app(key: "two") == nil)
        #expect(store.questions.elements.count == 1)
        #expect(count("negative") == "1")
        store.set([App(id: "2", key: "two", secret: "s")])
        clock.advance(by: .seconds(10))
        #expect(try await cache.app(key: "two")?.id == "2")
    }

    @Test("names of strangers do not grow the cache beyond its bounds")
    func bounds() throws {
        var configuration = AppCacheConfiguration()
        configuration.maxNegativeEntries = 50
        configuration.maxApps = 20
        var cache = AppCache(configuration)
        let now = ContinuousClock.now
        for index in 0..<1_000 {
            cache.keep(nil, for: .key("k\(index)"), at: now)
            cache.keep(App(id: "\(index)", key: "app\(index)", secret: "s"), for: .id("\(index)"), at: now)
        }
        cache.keep(nil, for: .key(String(repeating: "x", count: 300)), at: now)
        #expect(cache.counts.apps == 20)
        #expect(cache.counts.absences == 50)
        #expect(name(of: cache.find(.key("app979"), at: now)) == "unknown")
        #expect(name(of: cache.find(.key("k999"), at: now)) == "absent")
        #expect(name(of: cache.find(.key("k949"), at: now)) == "unknown")
    }

    @Test("many askers of one name make one question")
    func singleFlight() async throws {
        let cache = makeCache()
        let gate = Gate()
        store.hold(at: gate)
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await cache.app(key: "one")?.id }
            await store.questions.wait(for: 1)
            for _ in 0..<20 { group.addTask { try await cache.app(key: "one")?.id } }
            while cache.waiterCount < 20 { await Task.yield() }
            gate.open()
            for try await id in group { #expect(id == "1") }
        }
        #expect(store.questions.elements.count == 1)
        #expect(count("miss") == "21")
    }

    @Test("when the asker is cancelled, those who waited ask themselves")
    func cancelledAsker() async throws {
        let cache = makeCache()
        let gate = Gate()
        store.hold(at: gate)
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                await withTaskGroup(of: Void.self) { inner in
                    inner.addTask { _ = try? await cache.app(key: "one") }
                    await store.questions.wait(for: 1)
                    while cache.waiterCount < 1 { await Task.yield() }
                    store.hold(at: nil)
                    inner.cancelAll()
                }
                return "1"
            }
            await store.questions.wait(for: 1)
            group.addTask { try await cache.app(key: "one")?.id }
            for try await id in group { #expect(id == "1") }
        }
        #expect(store.questions.elements.count == 2)
    }

    @Test("when the store fails, a known app is used on and the store is left alone for a while")
    func staleIfError() async throws {
        let cache = makeCache()
        _ = try await cache.app(id: "1")
        store.setFailing(true)
        clock.advance(by: .seconds(4_000))
        #expect(cache.cachedApp(id: "1") == nil)
        #expect(try await cache.app(id: "1")?.key == "one")
        #expect(cache.cachedApp(id: "1")?.app.key == "one")
        #expect(try await cache.app(key: "one")?.id == "1")
        #expect(store.questions.elements.count == 2)
        #expect(count("stale") == "3")
        clock.advance(by: .seconds(5))
        store.setFailing(false)
        #expect(cache.cachedApp(id: "1") == nil)
        #expect(try await cache.app(id: "1") != nil)
        #expect(store.questions.elements.count == 3)
        #expect(cache.cachedApp(id: "1") != nil)
    }

    @Test("when the store fails, an app that was never known is an error, each time")
    func error() async throws {
        let cache = makeCache()
        store.setFailing(true)
        for _ in 0..<2 {
            await #expect(throws: BackendError.self) { try await cache.app(key: "one") }
        }
        #expect(count("error") == "2")
        store.setFailing(false)
        #expect(try await cache.app(key: "one") != nil)
    }

    @Test("an app that the store has no more is gone, and so is its key")
    func deleted() async throws {
        let cache = makeCache()
        _ = try await cache.app(id: "1")
        store.set([])
        clock.advance(by: .seconds(300))
        #expect(try await cache.app(id: "1") == nil)
        #expect(cache.cachedApp(key: "one") == nil)
        #expect(try await cache.app(key: "one") == nil)
    }

    @Test("a changed key replaces the old one")
    func changedKey() async throws {
        let cache = makeCache()
        _ = try await cache.app(id: "1")
        store.set([App(id: "1", key: "uno", secret: "s")])
        cache.invalidate(id: "1")
        #expect(cache.cachedApp(id: "1") == nil)
        #expect(try await cache.app(id: "1")?.key == "uno")
        #expect(cache.cachedApp(key: "one") == nil)
        #expect(cache.cachedApp(key: "uno")?.app.id == "1")
    }

    @Test("a new app is found at once when its key is invalidated")
    func invalidatedAbsence() async throws {
        let cache = makeCache()
        #expect(try await cache.app(key: "two") == nil)
        store.set([App(id: "2", key: "two", secret: "s")])
        cache.invalidate(id: "2", key: "two")
        #expect(try await cache.app(key: "two")?.id == "2")
    }

    @Test("an answer from before an invalidation is not kept, and not waited for")
    func invalidationDuringQuestion() async throws {
        let cache = makeCache()
        let gate = Gate()
        store.hold(at: gate)
        try await withThrowingTaskGroup(of: String?.self) { group throws in
            group.addTask { try await cache.app(id: "1")?.key }
            await store.questions.wait(for: 1)
            store.set([App(id: "1", key: "uno", secret: "s")])
            cache.invalidate(id: "1", key: "uno")
            store.hold(at: nil)
            #expect(try await cache.app(id: "1")?.key == "uno")
            gate.open()
            #expect(try await group.next() == "one")
        }
        #expect(cache.cachedApp(id: "1")?.app.key == "uno")
    }

    @Test("an app in use is refreshed ahead of its end")
    func refreshAhead() async throws {
        let cache = makeCache()
        _ = try await cache.app(id: "1")
        var app = App(id: "1", key: "one", secret: "s")
        app.isEnabled = false
        store.set([app])
        clock.advance(by: .seconds(240))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await cache.run() }
            #expect(cache.cachedApp(id: "1")?.app.isEnabled == true)
            #expect(cache.cachedApp(id: "1") != nil)
            await store.questions.wait(for: 2)
            while cache.cachedApp(id: "1")?.app.isEnabled != false { await Task.yield() }
            group.cancelAll()
        }
        #expect(store.questions.elements.count == 2)
        clock.advance(by: .seconds(100))
        #expect(cache.cachedApp(id: "1") != nil)
    }

    @Test("a store that compares without case does not make another key valid")
    func looseStore() async throws {
        let cache = makeCache()
        #expect(try await cache.app(key: "ONE") == nil)
        #expect(try await cache.app(key: "one") != nil)
    }

    @Test("without the cache every lookup asks the store")
    func disabled() async throws {
        let cache = makeCache { $0.isEnabled = false }
        for _ in 0..<3 { #expect(try await cache.app(id: "1") != nil) }
        #expect(cache.cachedApp(id: "1") == nil)
        #expect(store.questions.elements.count == 3)
    }
}
