import Foundation

/// DynamoDB, SQS, STS and IAM on the loopback interface, with signatures and policies verified.
package final class EmulatedAWS: Sendable {
    /// Where all services listen.
    package let endpoint: String
    /// A user that may do everything in DynamoDB and SQS.
    package let accessKeyID: String
    package let secretAccessKey: String
    /// A user that may only get items.
    package let readerKeyID: String
    package let readerSecret: String
    /// A role for tokens of ``serviceAccountToken``.
    package let roleARN = "arn:aws:iam::123456789012:role/webhooks"
    /// A role for the user that may do everything, with the external id `martlet-tests`.
    package let assumedRoleARN = "arn:aws:iam::123456789012:role/assumed"

    private let script: ServiceScript

    private init(script: ServiceScript, port: Int) {
        self.script = script
        endpoint = "http://127.0.0.1:\(port)"
        accessKeyID = script.facts["id"] ?? ""
        secretAccessKey = script.facts["secret"] ?? ""
        readerKeyID = script.facts["reader_id"] ?? ""
        readerSecret = script.facts["reader_secret"] ?? ""
    }

    /// The programs that play AWS.
    package enum Emulator: String, Sendable {
        /// The nearest to AWS.
        case ministack
        /// The second opinion.
        case moto
    }

    /// Starts an emulator of one's own.
    package static func start(name: String, emulator: Emulator = .ministack) async throws -> EmulatedAWS {
        guard isInstalled else { throw ServiceScript.StartFailure(description: remedy) }
        let port = FreePort.next()
        let script = try await ServiceScript(
            "emulated_aws.py",
            arguments: [String(port), emulator.rawValue],
            name: name
        )
        return EmulatedAWS(script: script, port: port)
    }

    /// The emulator that all tests of this process share; started once.
    package static func shared() async throws -> EmulatedAWS {
        try await sharing.value
    }

    // The one start of a process, whoever asks first.
    private static let sharing = Task { try await start(name: "emulated-aws") }

    /// moto, shared in the same way.
    package static func sharedMoto() async throws -> EmulatedAWS {
        try await sharingMoto.value
    }

    private static let sharingMoto = Task { try await start(name: "emulated-aws-moto", emulator: .moto) }

    /// Ends the emulator at once, as an outage.
    package func stop() async {
        script.process.send(SIGKILL)
        _ = await script.process.waitForExit(within: .seconds(10))
    }

    /// Whether the emulator is installed.
    package static var isInstalled: Bool {
        let program = PackagePaths.python.deletingLastPathComponent().appending(path: "ministack")
        return FileManager.default.isExecutableFile(atPath: program.path)
    }

    /// Whether tests that need the emulator run: a missing one skips them locally and fails them under CI.
    package static var runsTests: Bool {
        isInstalled || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    /// What a person can do about a missing emulator.
    package static let remedy: String = "the AWS emulator is missing: run `make test`, or `bash .ci/install test`"

    /// A token such as EKS puts into a pod; its signature is not one, and nobody here looks at it.
    package static func serviceAccountToken(audience: String = "sts.amazonaws.com") -> String {
        let claims =
            #"{"iss":"https://oidc.eks.eu-central-1.amazonaws.com/id/TEST","aud":"\#(audience)","#
            + #""sub":"system:serviceaccount:default:martlet","exp":4102444800,"iat":1700000000}"#
        return [#"{"alg":"RS256","typ":"JWT"}"#, claims, "signature"].map(base64URL).joined(separator: ".")
    }

    private static func base64URL(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}
