package import CoreMetrics
import Synchronization

/// Stands in front of any app store and asks it as rarely as possible.
///
/// An app is kept for `ttl` and refreshed ahead of its end while it is in use; that an app does not exist is kept for
/// `negativeTTL`. Many askers of one name make one question to the store. When the store fails, an app that was known
/// is used on, however old (*stale-if-error*): a dead store never takes down connected apps. Everything is bounded.
package final class CachedAppManager: AppManager {
    private let store: any AppManager
    private let configuration: AppCacheConfiguration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>
    private let lookups: LookupCounters
    private let refreshes: AsyncStream<String>
    private let refreshQueue: AsyncStream<String>.Continuation

    /// How many refreshes ask the store at a time.
    private static let maxConcurrentRefreshes = 8

    /// What is behind the lock.
    fileprivate struct State: Sendable {
        var cache: AppCache
        var flights = AppFlights()
    }

    /// Makes an empty cache in front of a store.
    package init(
        store: any AppManager,
        configuration: AppCacheConfiguration = AppCacheConfiguration(),
        metrics: any MetricsFactory = MetricsSystem.factory,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.store = store
        self.configuration = configuration
        self.now = now
        self.state = Mutex(State(cache: AppCache(configuration)))
        self.lookups = LookupCounters(metrics)
        (refreshes, refreshQueue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(256))
    }

    /// The number of callers that wait for an answer to somebody else's question.
    var waiterCount: Int {
        state.withLock { $0.flights.waiterCount }
    }

    /// Returns the app with an id if it is at hand, without waiting; otherwise ask `app(id:)`.
    ///
    /// Takes one lock for two dictionary lookups and allocates nothing.
    package func cachedApp(id: String) -> SharedApp? {
        cachedApp(.id(id))
    }

    /// Returns the app with a key if it is at hand, without waiting; otherwise ask `app(key:)`.
    package func cachedApp(key: String) -> SharedApp? {
        cachedApp(.key(key))
    }

    package func app(id: String) async throws(BackendError) -> App? {
        try await app(.id(id))
    }

    package func app(key: String) async throws(BackendError) -> App? {
        try await app(.key(key))
    }

    package func checkHealth() async throws(BackendError) {
        try await store.checkHealth()
    }

    /// Has the store asked about an app at its next use, because the app was created, changed or deleted.
    ///
    /// With the key, the answer that no app has this key is forgotten too. If the store then fails, the old app is
    /// used on.
    package func invalidate(id: String, key: String? = nil) {
        let now = now()
        state.withLock { state in
            state.cache.expire(id: id, key: key, at: now)
            state.flights.abandonAll()
        }
    }

    /// Refreshes apps in use ahead of their end, until the task is cancelled.
    ///
    /// Without it everything works, and an app whose time is over makes one caller wait.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await id in refreshes {
                if running == Self.maxConcurrentRefreshes {
                    await group.next()
                    running -= 1
                }
                group.addTask { await self.refresh(id) }
                running += 1
            }
        }
    }
}

extension CachedAppManager {
    /// What an asker has to do next.
    private enum Step {
        case done(App?)
        case ask(AppFlights.Ticket)
        case wait(AppFlights.Ticket)
    }

    private func cachedApp(_ lookup: AppLookup) -> SharedApp? {
        let now = now()
        let finding = state.withLock { $0.cache.find(lookup, at: now) }
        switch finding {
        case .fresh(let app, let isDue):
            noteHit(app, isDue: isDue)
            return app
        case .stale(let app):
            lookups.stale.increment()
            return app
        case .absent, .unknown:
            return nil
        }
    }

    private func noteHit(_ app: SharedApp, isDue: Bool) {
        lookups.hit.increment()
        // A request that finds the queue full is lost; the app's next use after `retryInterval` makes another.
        if isDue { refreshQueue.yield(app.app.id) }
    }

    private func app(_ lookup: AppLookup) async throws(BackendError) -> App? {
        while true {
            let outcome: AppFlights.Outcome
            switch nextStep(lookup) {
            case .done(let app): return app
            case .ask(let ticket): outcome = await ask(ticket)
            case .wait(let ticket): outcome = await wait(for: ticket)
            }
            switch outcome {
            case .found(let app):
                lookups.miss.increment()
                return app
            case .stale(let app):
                lookups.stale.increment()
                return app
            case .failed(let error):
                lookups.error.increment()
                throw error
            case .again:
                continue
            }
        }
    }

    private func nextStep(_ lookup: AppLookup) -> Step {
        let now = now()
        let (finding, step) = state.withLock { state -> (AppCache.Finding, Step) in
            let finding = state.cache.find(lookup, at: now)
            switch finding {
            case .fresh(let app, _), .stale(let app): return (finding, .done(app.app))
            case .absent: return (finding, .done(nil))
            case .unknown:
                if let ticket = state.flights.ticket(for: lookup) { return (finding, .wait(ticket)) }
                return (finding, .ask(state.flights.begin(lookup)))
            }
        }
        switch finding {
        case .fresh(let app, let isDue): noteHit(app, isDue: isDue)
        case .stale: lookups.stale.increment()
        case .absent: lookups.negative.increment()
        case .unknown: break
        }
        return step
    }

    private func wait(for ticket: AppFlights.Ticket) async -> AppFlights.Outcome {
        await withCheckedContinuation { continuation in
            if !state.withLock({ $0.flights.join(ticket, continuation) }) {
                continuation.resume(returning: .again)
            }
        }
    }

    /// Asks the store, keeps the answer and tells it to those who wait.
    private func ask(_ ticket: AppFlights.Ticket) async -> AppFlights.Outcome {
        let lookup = ticket.lookup
        let answer: Result<App?, BackendError>
        do throws(BackendError) {
            let app =
                switch lookup {
                case .id(let id): try await store.app(id: id)
                case .key(let key): try await store.app(key: key)
                }
            answer = .success(app.flatMap { lookup.names($0) ? $0 : nil })
        } catch {
            answer = .failure(error)
        }
        let now = now()
        // A cancelled asker's failure says nothing of the store: those who waited ask themselves.
        let isCancelled = Task.isCancelled
        let (outcome, waiting) = state.withLock { state in
            (state.outcome(of: answer, to: ticket, isCancelled: isCancelled, at: now), state.flights.end(ticket))
        }
        for continuation in waiting {
            if case .failed = outcome, isCancelled {
                continuation.resume(returning: .again)
            } else {
                continuation.resume(returning: outcome)
            }
        }
        return outcome
    }

    private func refresh(_ id: String) async {
        let ticket = state.withLock { state in
            state.flights.ticket(for: .id(id)) == nil ? state.flights.begin(.id(id)) : nil
        }
        if let ticket { _ = await ask(ticket) }
    }
}

extension CachedAppManager.State {
    /// Keeps an answer, unless an app was changed since the question, and says what the askers get.
    fileprivate mutating func outcome(
        of answer: Result<App?, BackendError>,
        to ticket: AppFlights.Ticket,
        isCancelled: Bool,
        at now: ContinuousClock.Instant
    ) -> AppFlights.Outcome {
        switch answer {
        case .success(let app):
            if flights.isCurrent(ticket) { cache.keep(app, for: ticket.lookup, at: now) }
            return .found(app)
        case .failure(let error):
            if isCancelled { return .failed(error) }
            let app = cache.keepFailure(of: ticket.lookup, isCurrent: flights.isCurrent(ticket), at: now)
            return app.map { .stale($0.app) } ?? .failed(error)
        }
    }
}

/// The counters of lookups by what the cache had.
private struct LookupCounters: Sendable {
    let hit: Counter
    let miss: Counter
    let stale: Counter
    let negative: Counter
    let error: Counter

    init(_ factory: any MetricsFactory) {
        func counter(_ result: String) -> Counter {
            Counter(
                label: MetricName.appCacheLookups.rawValue,
                dimensions: [(MetricLabel.result.rawValue, result)],
                factory: factory
            )
        }
        hit = counter("hit")
        miss = counter("miss")
        stale = counter("stale")
        negative = counter("negative")
        error = counter("error")
    }
}
