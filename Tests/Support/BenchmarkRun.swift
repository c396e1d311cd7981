import Foundation

/// One run of the load generator against a server, and the figures that it wrote.
package struct BenchmarkRun {
    /// Why there are no figures.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The figures by their names.
    package let figures: [String: Double]

    /// Runs a scenario with its arguments.
    ///
    /// `name` names its log and result files.
    package static func run(
        _ scenario: String,
        _ arguments: [String],
        name: String,
        within limit: Duration = .seconds(120)
    ) async throws -> BenchmarkRun {
        let result = PackagePaths.logs.appending(path: "\(name).bench.json")
        let process = try ChildProcess(
            PackagePaths.executable("martlet-bench"),
            arguments: [scenario] + arguments + ["--json", result.path],
            logFile: PackagePaths.logs.appending(path: "\(name).bench.log")
        )
        guard await process.waitForExit(within: limit) == 0 else {
            throw Failure(description: "\(scenario) failed: \(process.log.suffix(2000))")
        }
        let runs = try JSONSerialization.jsonObject(with: Data(contentsOf: result)) as? [[String: Any]]
        let metrics = runs?.first?["metrics"] as? [[String: Any]] ?? []
        let pairs = metrics.compactMap { metric -> (String, Double)? in
            guard let name = metric["name"] as? String, let value = metric["value"] as? Double else { return nil }
            return (name, value)
        }
        return BenchmarkRun(figures: Dictionary(pairs) { $1 })
    }

    /// Starts the floor and returns it once it takes connections.
    package static func startFloor(port: Int, name: String) async throws -> ChildProcess {
        let floor = try ChildProcess(
            PackagePaths.executable("martlet-bench"),
            arguments: ["floor", "--port", "\(port)"],
            logFile: PackagePaths.logs.appending(path: "\(name).floor.log")
        )
        try await Eventually.holds("the floor takes connections", within: .seconds(10)) {
            LoopbackHTTP.accepts(port: port)
        }
        return floor
    }
}
