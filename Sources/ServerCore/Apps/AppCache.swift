/// The apps that were read from a store, and those known not to exist: the state behind `CachedAppManager`.
struct AppCache: Sendable {
    /// Longer names are not remembered as absent: a stranger chooses them, and they would cost memory.
    static let maxNegativeNameBytes = 256

    private let configuration: AppCacheConfiguration
    private var apps = RecencyTable<String, Entry>()
    private var idsByKey: [String: String] = [:]
    /// When each answer "does not exist" ends; never reordered, so the oldest goes first.
    private var absences = RecencyTable<AppLookup, ContinuousClock.Instant>()

    init(_ configuration: AppCacheConfiguration) {
        self.configuration = configuration
    }

    /// An app and its times.
    private struct Entry: Sendable {
        var shared: SharedApp
        var expiresAt: ContinuousClock.Instant
        /// From then on a use of the app asks for a refresh.
        var refreshAt: ContinuousClock.Instant
        /// The store failed after the app's time was over; it is asked again then.
        var retryAt: ContinuousClock.Instant?
    }

    /// What the cache knows about a name.
    enum Finding {
        /// An app within its time; `isDue` asks the caller to have it refreshed and is said to one caller only.
        case fresh(SharedApp, isDue: Bool)
        /// An app beyond its time while the store fails.
        case stale(SharedApp)
        case absent
        /// The store must be asked.
        case unknown
    }

    /// The number of apps and of absent names.
    var counts: (apps: Int, absences: Int) {
        (apps.count, absences.count)
    }

    /// Looks a name up.
    mutating func find(_ lookup: AppLookup, at now: ContinuousClock.Instant) -> Finding {
        let retryInterval = configuration.retryInterval
        if let id = id(of: lookup) {
            let finding = apps.update(id) { entry -> Finding in
                guard now < entry.expiresAt else {
                    return entry.retryAt.map { now < $0 } ?? false ? .stale(entry.shared) : .unknown
                }
                guard now >= entry.refreshAt else { return .fresh(entry.shared, isDue: false) }
                // Should this refresh fail or get lost, a later use asks for the next.
                entry.refreshAt = now + retryInterval
                return .fresh(entry.shared, isDue: true)
            }
            if let finding { return finding }
        }
        guard let end = absences.peek(lookup) else { return .unknown }
        if now < end { return .absent }
        absences.remove(lookup)
        return .unknown
    }

    /// Keeps the store's answer about a name.
    mutating func keep(_ app: App?, for lookup: AppLookup, at now: ContinuousClock.Instant) {
        guard configuration.isEnabled else { return }
        if let app {
            keep(app, at: now)
        } else {
            keepAbsence(of: lookup, at: now)
        }
    }

    /// Returns the app to use while the store fails, if there is one, however old.
    ///
    /// Unless an app was changed since the question, the store is then left alone for `retryInterval`.
    mutating func keepFailure(
        of lookup: AppLookup,
        isCurrent: Bool,
        at now: ContinuousClock.Instant
    ) -> SharedApp? {
        guard let id = id(of: lookup) else { return nil }
        let retryAt = isCurrent ? now + configuration.retryInterval : nil
        return apps.update(id) { entry in
            entry.retryAt = retryAt ?? entry.retryAt
            return entry.shared
        }
    }

    /// Has the store asked about an app at its next use; the old value stays as a resort while the store fails.
    mutating func expire(id: String, key: String?, at now: ContinuousClock.Instant) {
        _ = apps.update(id) { entry in
            entry.expiresAt = now
            entry.retryAt = nil
        }
        absences.remove(.id(id))
        if let key { absences.remove(.key(key)) }
    }

    private func id(of lookup: AppLookup) -> String? {
        switch lookup {
        case .id(let id): id
        case .key(let key): idsByKey[key]
        }
    }

    private mutating func keep(_ app: App, at now: ContinuousClock.Instant) {
        let entry = Entry(
            shared: SharedApp(app),
            expiresAt: now + configuration.ttl,
            refreshAt: now + configuration.ttl / 5 * 4
        )
        if let replaced = apps.insert(entry, for: app.id) { forgetKey(of: replaced.shared.app) }
        idsByKey[app.key] = app.id
        absences.remove(.id(app.id))
        absences.remove(.key(app.key))
        while apps.count > configuration.maxApps, let (_, evicted) = apps.removeOldest() {
            forgetKey(of: evicted.shared.app)
        }
    }

    private mutating func keepAbsence(of lookup: AppLookup, at now: ContinuousClock.Instant) {
        if let id = id(of: lookup), let removed = apps.remove(id) { forgetKey(of: removed.shared.app) }
        guard lookup.text.utf8.count <= Self.maxNegativeNameBytes else { return }
        absences.insert(now + configuration.negativeTTL, for: lookup)
        _ = absences.sweep(2) { $0 <= now }
        while absences.count > configuration.maxNegativeEntries, absences.removeOldest() != nil {}
    }

    /// Forgets which app a key leads to, unless it leads to another one by now.
    private mutating func forgetKey(of app: App) {
        if idsByKey[app.key] == app.id { idsByKey[app.key] = nil }
    }
}
