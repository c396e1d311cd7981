/// A service that is started once, by the first test that needs it.
package actor SharedService<Service: Sendable> {
    private let start: @Sendable () async throws -> Service
    private var task: Task<Service, any Error>?

    /// Says how the service is started.
    package init(_ start: @escaping @Sendable () async throws -> Service) {
        self.start = start
    }

    /// The running service.
    package func get() async throws -> Service {
        let task = self.task ?? Task { [start] in try await start() }
        self.task = task
        return try await task.value
    }
}
