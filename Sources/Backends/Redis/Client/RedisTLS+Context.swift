import NIOSSL

extension RedisTLS {
    /// Reads the files and makes the context that all connections share.
    func makeContext() throws(RedisError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = acceptsInvalidCertificates ? .none : .fullVerification
            if let authorityPath {
                configuration.trustRoots = .file(authorityPath)
            }
            if let certificatePath, let keyPath {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificatePath)
                    .map(NIOSSLCertificateSource.certificate)
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            let files = [authorityPath, certificatePath, keyPath].compactMap(\.self).joined(separator: ", ")
            throw RedisError(.refused, "the TLS files \(files) cannot be used", underlying: error)
        }
    }
}
