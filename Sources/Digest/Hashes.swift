/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// Hashes bytes in one call.
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        let context = DigestContext(.sha256)
        unsafe context.update(bytes)
        return context.finish()
    }

    /// Hashes an array.
    package static func hash(_ bytes: [UInt8]) -> SHA256Digest {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }
}

/// MD5 (RFC 1321), which the Pusher HTTP API uses as a body checksum and for nothing else.
package enum MD5 {
    /// Hashes bytes in one call.
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> MD5Digest {
        let context = DigestContext(.md5)
        unsafe context.update(bytes)
        return context.finish()
    }

    /// Hashes an array.
    package static func hash(_ bytes: [UInt8]) -> MD5Digest {
        unsafe bytes.withUnsafeBytes { unsafe hash($0) }
    }
}

/// SHA-1 (FIPS 180-4), which the WebSocket handshake uses as a check against confused caches and for nothing else.
package enum SHA1 {
    /// Hashes an array.
    package static func hash(_ bytes: [UInt8]) -> SHA1Digest {
        let context = DigestContext(.sha1)
        context.update(bytes)
        return context.finish()
    }
}
