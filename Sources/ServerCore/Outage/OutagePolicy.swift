/// What happens to requests while a backend that they need does not answer.
package enum OutagePolicy: String, Sendable, CaseIterable {
    /// They are refused.
    case closed
    /// They go on as if the backend had nothing against them.
    case open
}
