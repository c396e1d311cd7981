import Testing

@testable import PrometheusMetrics

@Suite("The process's metrics")
struct ProcessMetricsTests {
    @Test("a command with spaces and parentheses does not shift the fields of its stat line")
    func hostileCommand() {
        let line =
            "7 (a) b (c) 1) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 4 0 555 123456 78 18446744073709551615"
        let stat = ProcessStat(line)
        #expect(stat?.cpuTicks == 42)
        #expect(stat?.startTicks == 555)
        #expect(stat?.virtualBytes == 123_456)
        #expect(stat?.residentPages == 78)
    }

    @Test("a line that is cut short is no stat line", arguments: ["", "7", "7 (a", "7 (a) S 1 2", "7 (a) S x"])
    func malformed(line: String) {
        #expect(ProcessStat(line) == nil)
    }

    @Test("all six families are read from this process")
    func present() throws {
        let reader = ExpositionReader(PrometheusRegistry().render())
        let names = [
            "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_cpu_seconds_total",
            "process_start_time_seconds", "process_open_fds", "process_max_fds",
        ]
        for name in names {
            let sample = try #require(reader.samples.first { $0.name == name })
            #expect(try #require(Double(sample.value)) > 0, "\(name)")
        }
        #expect(reader.types["process_cpu_seconds_total"] == "counter")
    }
}
