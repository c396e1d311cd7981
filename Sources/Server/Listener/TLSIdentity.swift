import NIOSSL
import Synchronization

/// The certificate that new connections are greeted with; a reload changes it for those that come after.
///
/// Threading: safe from any thread.
final class TLSIdentity: Sendable {
    private let context: Mutex<NIOSSLContext>
    private let configuration: TLSListenerConfiguration

    /// Reads the files; throws with the file's path when one cannot be used.
    init(_ configuration: TLSListenerConfiguration) throws {
        self.configuration = configuration
        context = Mutex(try Self.load(configuration))
    }

    var current: NIOSSLContext { context.withLock { $0 } }

    /// Reads the files again; throws and keeps what it has when they cannot be used.
    func reload() throws {
        let fresh = try Self.load(configuration)
        context.withLock { $0 = fresh }
    }

    private static func load(_ configuration: TLSListenerConfiguration) throws -> NIOSSLContext {
        let chain: [NIOSSLCertificateSource]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(configuration.certificatePath).map { .certificate($0) }
        } catch {
            throw ListenerError("ssl.cert_path: '\(configuration.certificatePath)' cannot be read as PEM: \(error)")
        }
        do {
            let key = try NIOSSLPrivateKey(file: configuration.keyPath, format: .pem)
            var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            // WebSockets are made from HTTP/1.1 requests.
            tls.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw ListenerError(
                "ssl.key_path: '\(configuration.keyPath)' cannot be used with the certificate: \(error)"
            )
        }
    }
}
