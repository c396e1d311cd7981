/// Invokes functions with webhook events.
///
/// Contract: returns once the service has taken the event; what the function makes of it is not waited for.
/// Implementations are safe to call from any task.
package protocol LambdaInvoker: Sendable {
    /// Hands a function its payload, which is JSON.
    func invoke(_ function: LambdaFunction, payload: [UInt8], timeout: Duration) async throws(BackendError)
}
