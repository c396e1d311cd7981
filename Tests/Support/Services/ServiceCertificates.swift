package import Foundation

/// Certificates of a private authority, made by openssl for one run.
///
/// The folder has `authority.pem`; `server` for 127.0.0.1, `named` for node-1.redis.test, and `client`, each a `.pem` and
/// a `.key`; and `other.pem`, an authority that signed none of them.
package enum ServiceCertificates {
    /// One folder for all tests.
    package static let shared = SharedService { try await ServiceCertificates.make() }

    private static func make() async throws -> URL {
        let folder = try ServiceFolder.make("certificates")
        for name in ["authority", "other"] {
            try await openssl(
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=martlet \(name)", "-addext", "basicConstraints=critical,CA:TRUE",
                    "-keyout", "\(name).key", "-out", "\(name).pem",
                ],
                in: folder
            )
        }
        let names = [("server", "IP:127.0.0.1"), ("named", "DNS:node-1.redis.test"), ("client", "DNS:client")]
        for (name, subject) in names {
            try Data("subjectAltName=\(subject)\n".utf8).write(to: folder.appending(path: "\(name).ext"))
            try await openssl(
                [
                    "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).csr",
                ],
                in: folder
            )
            try await openssl(
                [
                    "x509", "-req", "-in", "\(name).csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                    "-CAcreateserial", "-days", "2", "-extfile", "\(name).ext", "-out", "\(name).pem",
                ],
                in: folder
            )
        }
        return folder
    }

    /// Runs openssl; the names of files among the arguments are those of the folder.
    private static func openssl(_ arguments: [String], in folder: URL) async throws {
        let endings = [".pem", ".key", ".csr", ".ext"]
        let words = arguments.map { word in
            endings.contains { word.hasSuffix($0) } ? folder.appending(path: word).path : word
        }
        let process = try ChildProcess(
            URL(filePath: "/usr/bin/env"),
            arguments: ["openssl"] + words,
            logFile: folder.appending(path: "log")
        )
        guard await process.waitForExit(within: .seconds(30)) == 0 else {
            throw ServiceFailure(description: "openssl \(arguments[0]) failed: \(process.log)")
        }
    }
}
