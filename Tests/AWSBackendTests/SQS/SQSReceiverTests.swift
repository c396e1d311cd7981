import AWSBackend
import FoundationEssentials
import ServerCore
import Synchronization
import TestSupport
import Testing

@Suite("Receivers of SQS", .timeLimit(.minutes(1)))
struct SQSReceiverTests {
    /// A queue whose endpoint always has as many messages as are asked for, but never more than `supply` in all.
    private func receive(max: Int, concurrency: Int, supply: Int) async throws -> (jobs: Int, asked: [Int]) {
        let left = Mutex(supply)
        let asked = Recorder<Int>()
        let responder: HTTPTestServer.Responder = { request in
            guard request.values(of: "X-Amz-Target") == ["AmazonSQS.ReceiveMessage"],
                let ask = try? JSONDecoder().decode(Ask.self, from: Data(request.body))
            else {
                return .respond(status: 200, body: Array("{}".utf8))
            }
            asked.record(ask.MaxNumberOfMessages)
            let count = left.withLock { left in
                let count = min(left, ask.MaxNumberOfMessages)
                left -= count
                return count
            }
            // The MD5 is that of the body.
            let message =
                #"{"MessageId":"1","ReceiptHandle":"r","Body":"x","MD5OfBody":"9dd4e461268c8034f5c8564e155c67a6"}"#
            let messages = Array(repeating: message, count: count).joined(separator: ",")
            return .respond(status: 200, body: Array(#"{"Messages":[\#(messages)]}"#.utf8))
        }
        return try await HTTPTestServer.with(responder: responder) { server in
            var configuration = SQSConfiguration()
            configuration.aws.region = "eu-central-1"
            configuration.aws.endpointURL = server.url("")
            configuration.aws.accessKeyID = "A"
            configuration.aws.secretAccessKey = "S"
            configuration.queueURL = server.url("/1/q")
            configuration.concurrency = concurrency
            let backend = AWSBackend(transport: try TestTransport.get(), environment: .test())
            let jobs = try await backend.jobQueue(configuration).receive(max: max, waiting: .zero)
            return (jobs.count, asked.elements)
        }
    }

    private struct Ask: Decodable {
        var MaxNumberOfMessages: Int
    }

    @Test("many jobs are asked for with several requests at once, up to the cap")
    func cap() async throws {
        let (jobs, asked) = try await receive(max: 64, concurrency: 3, supply: 1000)
        #expect(jobs == 30)
        #expect(asked == [10, 10, 10])
    }

    @Test("no more is asked for than there is room for")
    func room() async throws {
        let (jobs, asked) = try await receive(max: 23, concurrency: 5, supply: 1000)
        #expect(jobs == 23)
        #expect(asked.first == 10)
        #expect(asked.sorted() == [3, 10, 10])
    }

    @Test("a queue with few jobs is asked once")
    func few() async throws {
        let (jobs, asked) = try await receive(max: 64, concurrency: 5, supply: 9)
        #expect(jobs == 9)
        #expect(asked == [10])
    }
}
