import ArgumentParser

/// Times the pieces that need no server.
struct MicroCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "micro",
        abstract: "Time frame encoding, JSON scanning, signature checks, the handshake and subscriptions."
    )

    @Option(help: "Batches, of which the median is shown.")
    var batches = 9

    @Option(help: "The core to run on.")
    var cpu: Int?

    func run() async throws {
        if let cpu { try Affinity.pin(toCore: cpu) }
        for benchmark in MicroSuite.all() {
            show(benchmark.name, try benchmark.run(batches: batches))
        }
        for (name, result) in try await CrowdedChannel(batches: batches).run() {
            show(name, result)
        }
    }

    private func show(_ name: String, _ result: MicroBenchmark.Result) {
        let made = FigureText.text(result.allocations, "allocations")
        let kept = FigureText.text(result.retainedBytes, "bytes kept a call")
        print("\(name): \(result.nanoseconds.text) ns, \(made), \(kept)")
    }
}
