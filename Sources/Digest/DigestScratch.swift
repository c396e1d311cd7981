import COpenSSL

/// Contexts that are used for one digest after another, for callers who compute many: making a context costs as much
/// as hashing a hundred bytes.
///
/// Threading: one thread at a time.
@safe package final class DigestScratch {
    private let md5 = DigestContext(.md5)
    private let sha256 = DigestContext(.sha256)

    /// Makes contexts.
    package init() {}

    /// The MD5 of bytes where they lie.
    package func md5(of bytes: UnsafeRawBufferPointer) -> MD5Digest {
        md5.restart()
        unsafe md5.update(bytes)
        return md5.finish()
    }

    /// Signs bytes where they lie.
    package func sign(_ bytes: UnsafeRawBufferPointer, with key: HMACKey) -> SHA256Digest {
        unsafe key.sign(bytes, in: sha256)
    }
}
