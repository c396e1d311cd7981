package import Foundation

/// The EC2 instance metadata service and an EKS Pod Identity agent, on the loopback interface.
package final class CredentialEndpoints: Sendable {
    /// The base of the instance metadata service.
    package let endpoint: String
    /// The file whose content the agent wants as `Authorization`.
    package let tokenFile: URL

    private let script: ServiceScript

    /// Starts both; the agent's token is `first`.
    package init(name: String) async throws {
        guard PythonClient.isInstalled else { throw ServiceScript.StartFailure(description: PythonClient.remedy) }
        let port = FreePort.next()
        endpoint = "http://127.0.0.1:\(port)"
        tokenFile = PackagePaths.logs.appending(path: "\(name).token")
        try FileManager.default.createDirectory(at: PackagePaths.logs, withIntermediateDirectories: true)
        try Data("first\n".utf8).write(to: tokenFile)
        script = try await ServiceScript(
            "credential_endpoints.py",
            arguments: [String(port), tokenFile.path],
            name: name
        )
    }

    /// Replaces the agent's token.
    package func rotateToken(to token: String) throws {
        try Data("\(token)\n".utf8).write(to: tokenFile)
    }
}
