import COpenSSL

/// Owns one `EVP_MD_CTX`.
///
/// Threading: one thread at a time may update or finish a context; `become(_:)` only reads its source.
@safe final class DigestContext {
    /// The algorithms that the protocols of this server use.
    enum Algorithm {
        case md5, sha1, sha256
    }

    private let handle: OpaquePointer

    init(_ algorithm: Algorithm) {
        unsafe handle = Self.makeHandle()
        unsafe Self.check(EVP_DigestInit_ex2(handle, Self.prefetched(algorithm), nil))
    }

    deinit {
        unsafe EVP_MD_CTX_free(handle)
    }

    /// Takes the state of another context in place of its own.
    func become(_ source: DigestContext) {
        unsafe Self.check(EVP_MD_CTX_copy_ex(handle, source.handle))
    }

    /// Begins anew with the same algorithm.
    func restart() {
        unsafe Self.check(EVP_DigestInit_ex2(handle, nil, nil))
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe Self.check(EVP_DigestUpdate(handle, bytes.baseAddress, bytes.count))
    }

    func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Writes the digest and leaves the context to be restarted.
    func finish<Value: FixedDigest>() -> Value {
        var value = Value.zero
        unsafe value.withUnsafeMutableBytes { target in
            unsafe Self.check(
                EVP_DigestFinal_ex(handle, target.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
            )
        }
        return value
    }

    private static func makeHandle() -> OpaquePointer {
        guard let handle = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("OpenSSL could not allocate a digest context")
        }
        return unsafe handle
    }

    /// OpenSSL's digest calls fail only when memory is exhausted or the algorithm is not built in.
    private static func check(_ status: Int32) {
        precondition(status == 1, "an OpenSSL digest call failed")
    }

    // Fetched once: `EVP_sha256()` makes OpenSSL 3 look the provider up again at every init.
    private static func prefetched(_ algorithm: Algorithm) -> OpaquePointer? {
        switch algorithm {
        case .md5: unsafe fetchedMD5
        case .sha1: unsafe fetchedSHA1
        case .sha256: unsafe fetchedSHA256
        }
    }

    // nonisolated(unsafe): immutable after the thread-safe lazy initialisation; an EVP_MD may be shared.
    private nonisolated(unsafe) static let fetchedMD5 = unsafe EVP_MD_fetch(nil, "MD5", nil)
    private nonisolated(unsafe) static let fetchedSHA1 = unsafe EVP_MD_fetch(nil, "SHA1", nil)
    private nonisolated(unsafe) static let fetchedSHA256 = unsafe EVP_MD_fetch(nil, "SHA256", nil)
}
