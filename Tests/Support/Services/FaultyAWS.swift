/// An emulator of AWS behind a proxy that throttles, resets and breaks answers in AWS's own form.
package final class FaultyAWS: Sendable {
    /// Where all services listen.
    package let endpoint: String
    private let script: ServiceScript

    /// Starts the proxy; `rules` are microburst's, as a JSON list.
    package init(before aws: EmulatedAWS, rules: String, name: String) async throws {
        let port = FreePort.next()
        endpoint = "http://127.0.0.1:\(port)"
        script = try await ServiceScript(
            "faulty_aws.py",
            arguments: [String(port), aws.endpoint, aws.accessKeyID, aws.secretAccessKey, rules],
            name: name
        )
    }
}
