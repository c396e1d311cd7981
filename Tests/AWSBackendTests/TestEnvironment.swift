import AWSBackend
import CurlHTTP
import FoundationEssentials
import Logging
import Synchronization
import TestSupport

/// A time of day that a test sets, and pauses that end at once and are remembered.
final class TestTime: Sendable {
    private let state = Mutex(Date(timeIntervalSince1970: 1_790_000_000))
    /// Every pause that was asked for.
    let pauses = Recorder<Duration>()

    var now: Date {
        state.withLock { $0 }
    }

    func advance(_ seconds: Double) {
        state.withLock { $0 = $0.addingTimeInterval(seconds) }
    }
}

extension AWSEnvironment {
    /// An environment without variables of the machine, in which nothing outside the loopback interface is looked for.
    static func test(_ variables: [String: String] = [:], time: TestTime? = nil) -> AWSEnvironment {
        var all = ["AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"]
        all.merge(variables) { $1 }
        var environment = AWSEnvironment(
            variables: all,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        if let time {
            environment.now = { time.now }
            environment.sleep = { time.pauses.record($0) }
        }
        return environment
    }
}

extension AWSConfiguration {
    /// The emulator's user in a region.
    static func emulated(_ aws: EmulatedAWS, region: String = "eu-central-1") -> AWSConfiguration {
        var configuration = AWSConfiguration()
        configuration.region = region
        configuration.endpointURL = aws.endpoint
        configuration.accessKeyID = aws.accessKeyID
        configuration.secretAccessKey = aws.secretAccessKey
        return configuration
    }
}

/// One HTTP client for all tests of this process.
enum TestTransport {
    static let shared: CurlHTTPClient? = {
        do {
            return try CurlHTTPClient()
        } catch {
            return nil
        }
    }()

    static func get() throws -> CurlHTTPClient {
        guard let shared else { throw HTTPTransportError(.failed, "no HTTP client") }
        return shared
    }
}
