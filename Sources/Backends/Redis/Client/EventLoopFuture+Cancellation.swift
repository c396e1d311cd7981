import NIOCore

extension EventLoopFuture where Value: Sendable {
    /// Waits for the value, or throws when the task is cancelled before.
    func getUnlessCancelled() async throws -> Value {
        let promise = eventLoop.makePromise(of: Value.self)
        // The first of the two to come decides; a promise ignores the second.
        cascade(to: promise)
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }
}
