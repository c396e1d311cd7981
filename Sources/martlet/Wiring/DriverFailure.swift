import ServerCore

/// A driver that cannot start, named by its key.
struct DriverFailure: Error, CustomStringConvertible {
    let description: String

    /// Does something for a driver; a failure tells of the key that chose it.
    static func naming<Value>(
        _ key: String,
        _ driver: String,
        _ body: () async throws(BackendError) -> Value
    ) async throws(DriverFailure) -> Value {
        do throws(BackendError) {
            return try await body()
        } catch {
            throw DriverFailure(description: "\(key) '\(driver)' cannot start: \(error)")
        }
    }
}
