import COpenSSL

/// A key for HMAC-SHA256 whose inner and outer pads are hashed once and copied for every signature (RFC 2104).
///
/// Copying two prepared contexts and finishing them costs about half of a one-shot `HMAC()` call, because OpenSSL 3
/// then neither fetches the algorithm nor hashes the padded key again.
///
/// Threading: any number of threads may sign with one key at the same time; the prepared contexts are only read.
package final class HMACKey: @unchecked Sendable {
    // Proof for @unchecked: both templates are written in `init` only and `EVP_MD_CTX_copy_ex` reads its source.
    private let inner: DigestContext
    private let outer: DigestContext

    /// Prepares a key.
    ///
    /// - Parameter secret: the secret's bytes; longer than 64 bytes is hashed first, as RFC 2104 says.
    package init(secret: some Sequence<UInt8>) {
        var block = Array(secret)
        if block.count > Self.blockLength {
            block = SHA256.hash(block).bytes
        }
        block.append(contentsOf: repeatElement(0, count: Self.blockLength - block.count))
        inner = DigestContext(.sha256)
        outer = DigestContext(.sha256)
        inner.update(block.map { $0 ^ 0x36 })
        outer.update(block.map { $0 ^ 0x5c })
    }

    /// Prepares a key from the UTF-8 bytes of a secret.
    package convenience init(secret: String) {
        self.init(secret: secret.utf8)
    }

    /// Signs bytes where they lie.
    package func sign(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        unsafe sign(bytes, in: DigestContext(.sha256))
    }

    /// Signs bytes where they lie, in a context that is at hand.
    func sign(_ bytes: UnsafeRawBufferPointer, in scratch: DigestContext) -> SHA256Digest {
        scratch.become(inner)
        unsafe scratch.update(bytes)
        let innerDigest: SHA256Digest = scratch.finish()
        scratch.become(outer)
        unsafe innerDigest.withUnsafeBytes { unsafe scratch.update($0) }
        return scratch.finish()
    }

    /// Signs an array.
    package func sign(_ bytes: [UInt8]) -> SHA256Digest {
        unsafe bytes.withUnsafeBytes { unsafe sign($0) }
    }

    /// Signs the UTF-8 bytes of a text.
    package func sign(_ text: String) -> SHA256Digest {
        var text = text
        return text.withUTF8 { unsafe sign(UnsafeRawBufferPointer($0)) }
    }

    private static let blockLength = 64
}
