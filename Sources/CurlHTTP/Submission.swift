/// A checked request on its way to the loop thread, with the place where its result is awaited.
struct Submission {
    typealias Result = Swift.Result<HTTPResponse, HTTPTransportError>

    let id: UInt64
    let request: HTTPRequest
    let url: ParsedURL
    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<Result, Never>

    /// Ends the request; called exactly once.
    func complete(_ result: Result) {
        continuation.resume(returning: result)
    }
}
