/// A scenario of the comparison with the figures that are compared.
struct ComparisonScenario {
    let title: String
    let command: String
    /// The figures, by their names in a result.
    let metrics: [String]
    let comparesLatency: Bool
    let run: (Target) throws -> RunResult

    /// All of them; `seconds` is the length of one run.
    static func all(seconds: Double) -> [ComparisonScenario] {
        let perDelivery = ["server CPU per delivery", "delivery/s of server CPU"]
        func fanOut(_ title: String, _ options: String, _ scenario: FanOut) -> ComparisonScenario {
            ComparisonScenario(
                title: title,
                command: "martlet-bench fanout --seconds \(FigureText.number(scenario.seconds)) \(options)",
                metrics: perDelivery,
                comparesLatency: true,
                run: scenario.run
            )
        }
        return [
            fanOut("1,000 subscribers, one event a turn", "--subscribers 1000", FanOut(seconds: seconds)),
            fanOut(
                "10,000 subscribers, one event a turn",
                "--subscribers 10000",
                FanOut(subscribers: 10_000, seconds: seconds)
            ),
            fanOut(
                "1,000 subscribers, 16 events a turn",
                "--subscribers 1000 --burst 16",
                FanOut(burst: 16, seconds: seconds)
            ),
            fanOut(
                "1,000 channels × 10, 100 events a turn",
                "--subscribers 10000 --channels 1000 --burst 100",
                FanOut(subscribers: 10_000, channels: 1000, burst: 100, seconds: seconds)
            ),
            fanOut(
                "10,000 subscribers at 10 events/s",
                "--subscribers 10000 --rate 10",

                FanOut(subscribers: 10_000, seconds: max(3, seconds), rate: 10)
            ),
            ComparisonScenario(
                title: "connect and subscribe",
                command: "martlet-bench connect --connections 5000",
                metrics: ["server CPU per connection", "connection/s of server CPU"],
                comparesLatency: false,
                run: Connect().run
            ),
            ComparisonScenario(
                title: "publish without subscribers",
                command: "martlet-bench publish",
                metrics: ["server CPU per request", "request/s of server CPU"],
                comparesLatency: false,
                run: Publish(seconds: seconds).run
            ),
            ComparisonScenario(
                title: "18,000 idle connections",
                command: "martlet-bench idle --connections 18000",
                metrics: ["resident memory per connection", "resident memory"],
                comparesLatency: false,
                run: Idle(connections: 18_000, settleSeconds: 1).run
            ),
        ]
    }
}
