import COpenSSL
import COpenSSL.TLS
import Glibc

/// One TLS connection of the load over a blocking socket; it takes any certificate.
///
/// The library reads and writes memory only, so that the load's own `recv` and `send` do as they do without TLS.
///
/// Threading: one thread.
final class TLSSession {
    private let descriptor: Int32
    private let session: OpaquePointer
    /// What came in and is not decrypted yet; owned by the session, as is `outbound`.
    private let inbound: OpaquePointer
    private let outbound: OpaquePointer

    // nonisolated(unsafe): made once and then only read; the library locks what sessions share.
    private nonisolated(unsafe) static let context = SSL_CTX_new(TLS_client_method())

    /// The longest plaintext of a record (RFC 8446 §5.1), with room.
    private static let recordBytes = 17 * 1024

    /// Does the handshake and returns when it is done.
    init(_ descriptor: Int32) throws(BenchError) {
        guard let context = Self.context, let session = SSL_new(context), let inbound = BIO_new(BIO_s_mem()),
            let outbound = BIO_new(BIO_s_mem())
        else { throw BenchError("OpenSSL could not make a session") }
        self.descriptor = descriptor
        self.session = session
        self.inbound = inbound
        self.outbound = outbound
        SSL_set_bio(session, inbound, outbound)
        SSL_set_connect_state(session)
        try shakeHands()
    }

    deinit { SSL_free(session) }

    private func shakeHands() throws(BenchError) {
        while true {
            let status = SSL_do_handshake(session)
            try flush()
            guard status != 1 else { return }
            guard SSL_get_error(session, status) == SSL_ERROR_WANT_READ else {
                throw BenchError("the TLS handshake failed")
            }
            let count = withUnsafeTemporaryAllocation(byteCount: Self.recordBytes, alignment: 16) { buffer in
                let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if count > 0 { BIO_write(inbound, buffer.baseAddress, Int32(count)) }
                return count
            }
            guard count > 0 else { throw BenchError("the server closed during the TLS handshake") }
        }
    }

    /// Takes bytes from the socket and calls the closure with what they mean, piece by piece.
    func decrypt(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) throws(BenchError) {
        BIO_write(inbound, bytes.baseAddress, Int32(bytes.count))
        let status = withUnsafeTemporaryAllocation(byteCount: Self.recordBytes, alignment: 16) { buffer in
            while true {
                let count = SSL_read(session, buffer.baseAddress, Int32(buffer.count))
                guard count > 0 else { return SSL_get_error(session, count) }
                body(UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]))
            }
        }
        guard status == SSL_ERROR_WANT_READ || status == SSL_ERROR_ZERO_RETURN else {
            throw BenchError("a TLS record cannot be read")
        }
    }

    /// Encrypts and sends all bytes.
    func send(_ bytes: UnsafeRawBufferPointer) throws(BenchError) {
        guard SSL_write(session, bytes.baseAddress, Int32(bytes.count)) == Int32(bytes.count) else {
            throw BenchError("the TLS session takes no more")
        }
        try flush()
    }

    private func flush() throws(BenchError) {
        var failure: BenchError?
        withUnsafeTemporaryAllocation(byteCount: Self.recordBytes, alignment: 16) { buffer in
            while failure == nil {
                let count = BIO_read(outbound, buffer.baseAddress, Int32(buffer.count))
                guard count > 0 else { return }
                do throws(BenchError) {
                    try StreamSocket.sendAll(descriptor, UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]))
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }
}
