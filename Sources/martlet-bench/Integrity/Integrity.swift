/// The acceptance gate: every frame of every subscriber intact and in order, at a fixed rate, with slow readers among
/// fast ones, payloads from 20 bytes to 100 KB, and connections that are reset in the middle of a fan-out.
///
/// In closed loop or without an order check, streams that were corrupt under back-pressure have passed; see that the
/// rate keeps going while some subscribers do not read.
struct Integrity {
    var subscribers = 200
    /// Of them, those that read in short spells with long pauses.
    var slow = 20
    /// Of them, those that are reset and opened again all the time.
    var resetting = 20
    /// Bursts a second.
    var rate = 50.0
    var burst = 4
    var seconds = 10.0

    /// Runs and returns what was checked; throws when anything was wrong.
    func run(_ target: Target) throws -> RunResult {
        let run = try IntegrityRun(self, target)
        try run.perform()
        var result = RunResult(scenario: "integrity", server: target.name)
        result.settings = [
            .init(name: "subscribers", value: "\(subscribers), \(slow) slow, \(resetting) reset"),
            .init(name: "rate", value: "\(rate) × \(burst) events/s"),
        ]
        result.add("frames checked", Double(run.checkedFrames), "")
        result.add("events", Double(run.publishedEvents), "")
        result.add("resets", Double(run.resets), "")
        result.add("violations", Double(run.violations.count), "")
        guard run.violations.isEmpty else {
            throw BenchError("\(run.violations.count) violations: \(run.violations.prefix(5).joined(separator: "; "))")
        }
        return result
    }
}
