/// The credentials that a program writes (AWS SDKs and Tools Reference Guide, "Process credential provider").
struct ProcessCredentials: Sendable {
    /// The value of `credential_process`, a command of the shell.
    var command: String
    var timeout = Duration.seconds(60)

    /// Runs the program and reads its JSON.
    func credentials() async throws(CredentialFailure) -> AWSCredentials {
        let output: [UInt8]
        do throws(ShellCommand.Failure) {
            output = try await ShellCommand(text: command).output(within: timeout)
        } catch {
            // The command may hold secrets, and its output does: neither is quoted.
            var failure = CredentialFailure.failed("credential_process \(Self.describe(error, timeout))")
            failure.isCancelled = error == .cancelled
            throw failure
        }
        return try CredentialDocument.credentials(in: output, of: "credential_process", isFromProcess: true)
    }

    private static func describe(_ failure: ShellCommand.Failure, _ timeout: Duration) -> String {
        switch failure {
        case .notStarted(let code): "could not be started (error \(code))"
        case .tooLong: "wrote more than \(ShellCommand.maxBytes) bytes"
        case .timedOut: "did not end within \(timeout)"
        case .cancelled: "was cancelled"
        case .status(let status): "ended with status \(status)"
        }
    }
}
