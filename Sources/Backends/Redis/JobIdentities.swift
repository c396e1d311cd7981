import Synchronization

/// Hands out names of jobs that no other node or process hands out.
final class JobIdentities: Sendable {
    /// 128 random bits tell this run of this node from all others.
    private let origin: String
    private let last = Atomic<UInt64>(0)

    init() {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next()
        let low = generator.next()
        origin = String(high, radix: 36) + String(low, radix: 36)
    }

    func next() -> String {
        let number = last.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(origin)-\(number)"
    }
}
