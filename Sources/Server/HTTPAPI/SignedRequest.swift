package import NIOHTTP1

/// What a signature covers: the request as it was sent.
package struct SignedRequest {
    package var method: HTTPMethod
    package var target: RequestTarget
    /// The length of the configured path prefix; some libraries sign the path without it.
    package var prefixBytes: Int
    /// The whole body, valid as long as the value is used.
    package var body: UnsafeRawBufferPointer

    /// Makes a request.
    package init(method: HTTPMethod, target: RequestTarget, prefixBytes: Int = 0, body: UnsafeRawBufferPointer) {
        self.method = method
        self.target = target
        self.prefixBytes = prefixBytes
        self.body = body
    }
}
