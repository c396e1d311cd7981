/// A job that was given up and is kept for inspection.
package struct MemoryDeadLetter: Sendable, Equatable {
    package var id: String
    package var payload: [UInt8]
    /// How often the job had been received.
    package var attempts: Int
    package var reason: String
}
