/// The questions to the app store that are under way, and who waits for their answers.
struct AppFlights: Sendable {
    /// What those who waited are told.
    enum Outcome: Sendable {
        case found(App?)
        case stale(App)
        case failed(BackendError)
        /// The asker gave up; ask yourself.
        case again
    }

    /// One question.
    struct Ticket: Sendable, Equatable {
        var lookup: AppLookup
        var number: Int
        var epoch: Int
    }

    private var waiting: [Int: [CheckedContinuation<Outcome, Never>]] = [:]
    private var current: [AppLookup: Ticket] = [:]
    private var nextNumber = 0
    private var epoch = 0

    /// The number of those who wait.
    var waiterCount: Int {
        waiting.values.reduce(0) { $0 + $1.count }
    }

    /// The question about a name that may be waited for.
    func ticket(for lookup: AppLookup) -> Ticket? {
        current[lookup]
    }

    /// Registers a question that the caller is about to ask.
    mutating func begin(_ lookup: AppLookup) -> Ticket {
        let ticket = Ticket(lookup: lookup, number: nextNumber, epoch: epoch)
        nextNumber += 1
        current[lookup] = ticket
        waiting[ticket.number] = []
        return ticket
    }

    /// Adds someone who waits; says no if the question is answered already.
    mutating func join(_ ticket: Ticket, _ continuation: CheckedContinuation<Outcome, Never>) -> Bool {
        guard waiting[ticket.number] != nil else { return false }
        waiting[ticket.number]?.append(continuation)
        return true
    }

    /// Ends a question and returns who waited for it.
    mutating func end(_ ticket: Ticket) -> [CheckedContinuation<Outcome, Never>] {
        if current[ticket.lookup] == ticket { current[ticket.lookup] = nil }
        return waiting.removeValue(forKey: ticket.number) ?? []
    }

    /// Says whether the answer may be kept: no app was changed since the question was asked.
    func isCurrent(_ ticket: Ticket) -> Bool {
        ticket.epoch == epoch
    }

    /// Lets nobody wait any more for a question that was asked before now, and has no such answer kept.
    mutating func abandonAll() {
        epoch += 1
        current.removeAll()
    }
}
