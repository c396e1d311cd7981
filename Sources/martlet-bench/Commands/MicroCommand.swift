import ArgumentParser

/// Times the pieces that need no server.
struct MicroCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro",
        abstract: "Time frame encoding, JSON scanning, signature checks and the handshake."
    )

    @Option(help: "Batches, of which the median is shown.")
    var batches = 9

    @Option(help: "The core to run on.")
    var cpu: Int?

    func run() throws {
        if let cpu { try Affinity.pin(toCore: cpu) }
        for benchmark in MicroSuite.all() {
            let result = try benchmark.run(batches: batches)
            let kept = FigureText.text(result.retainedBytes, "bytes kept a call")
            print("\(benchmark.name): \(result.nanoseconds.text) ns, \(kept)")
        }
    }
}
