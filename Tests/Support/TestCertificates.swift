package import Foundation

/// Self-signed certificates for 127.0.0.1, made by openssl for one run.
package enum TestCertificates {
    /// What openssl said of a command that must work.
    package struct OpenSSLFailure: Error {
        let status: Int32
    }

    /// Makes `one` and `two`, each a .pem and a .key, and `server` as a copy of `one`; returns their folder.
    package static func make(in name: String = "certificates") throws -> URL {
        let folder = PackagePaths.logs.appending(path: name)
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in ["one", "two"] {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", "\(folder.path)/\(name).key", "-out", "\(folder.path)/\(name).pem",
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw OpenSSLFailure(status: process.terminationStatus)
            }
        }
        for ending in ["pem", "key"] {
            try FileManager.default.copyItem(
                at: folder.appending(path: "one.\(ending)"),
                to: folder.appending(path: "server.\(ending)")
            )
        }
        return folder
    }
}
