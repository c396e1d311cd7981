import CoreMetrics
import CurlHTTP
import PrometheusMetrics
import ServerCore
import Synchronization
import TestSupport
import Testing

@testable import AWSBackend

@Suite("The metrics of calls to AWS", .timeLimit(.minutes(1)))
struct AWSMetricsTests {
    private let call = AWSCall(jsonTarget: "T", operation: "GetItem", body: Array("{}".utf8))

    private func client(_ endpoint: String, _ registry: PrometheusRegistry) throws -> AWSClient {
        var environment = AWSEnvironment.test(time: TestTime())
        environment.metrics = AWSMetrics(factory: registry)
        return AWSClient(
            service: .dynamoDB,
            endpoint: try #require(AWSEndpoint(endpoint)),
            region: "eu-central-1",
            credentials: nil,
            transport: try TestTransport.get(),
            settings: AWSClientSettings(),
            environment: environment
        )
    }

    /// The value of a sample, found by its whole name with labels in any order.
    private func value(_ name: String, _ labels: [String], in text: String) -> Double? {
        for line in text.split(separator: "\n") where line.hasPrefix("martlet_\(name){") {
            guard labels.allSatisfy(line.contains), let number = line.split(separator: " ").last else { continue }
            return Double(number)
        }
        return nil
    }

    @Test("requests, retries, throttles, errors and their time are counted by service and operation")
    func counted() async throws {
        let definitions = MetricName.allCases.map(\.definition)
        let registry = PrometheusRegistry(
            prefix: "martlet_",
            descriptions: definitions.map {
                MetricDescription(
                    name: $0.name.rawValue,
                    kind: MetricKind(rawValue: $0.kind.rawValue) ?? .untyped,
                    help: $0.help,
                    buckets: $0.buckets
                )
            }
        )
        let number = Mutex(0)
        let responder: HTTPTestServer.Responder = { _ in
            let count = number.withLock { number in
                number += 1
                return number
            }
            return switch count {
            case 1: .respond(status: 400, body: Array(#"{"__type":"x#ThrottlingException"}"#.utf8))
            case 2: .respond(status: 500)
            case 3: .respond(status: 200)
            default: .respond(status: 400, body: Array(#"{"__type":"x#ValidationException"}"#.utf8))
            }
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let client = try client(server.url(""), registry)
            _ = try await client.send(call)
            await #expect(throws: AWSError.self) { try await client.send(call) }
        }
        let text = String(decoding: registry.render(), as: UTF8.self)
        let labels = [#"service="dynamodb""#, #"operation="GetItem""#]
        #expect(value("aws_requests_total", labels, in: text) == 4)
        #expect(value("aws_retries_total", labels, in: text) == 2)
        #expect(value("aws_throttles_total", labels, in: text) == 1)
        #expect(value("aws_request_seconds_count", labels, in: text) == 4)
        for (kind, count) in [("throttled", 1.0), ("unavailable", 1), ("refused", 1), ("denied", 0)] {
            #expect(value("aws_errors_total", labels + [#"error_type="\#(kind)""#], in: text) == count)
        }
    }
}
