package import ServerCore

/// How jobs travel through SQS; the defaults are Sockudo's where it has the key.
package struct SQSConfiguration: Sendable, Equatable {
    package var aws = AWSConfiguration()
    /// The queue's name; `.fifo` is added to that of a FIFO queue.
    package var queueName = "webhooks"
    /// The whole URL of the queue; comes before prefix and name.
    package var queueURL: String?
    /// What stands before the queue's name to make its URL; without it the URL is asked for by name.
    package var queueURLPrefix: String?
    /// How long a received job stays invisible.
    package var visibilityTimeout = Duration.seconds(30)
    /// Jobs in one answer, 1 to 10.
    package var maxMessages = 10
    /// The longest that one request waits for jobs, up to 20 seconds.
    package var waitTime = Duration.seconds(5)
    /// Requests for jobs at the same time while there are many.
    package var concurrency = 5
    /// Whether the queue is first-in-first-out.
    package var isFIFO = false
    /// The message group of jobs that have none of their own.
    package var messageGroupID = "default"
    /// Whether a queue that is missing is made, with a dead-letter queue.
    package var createsQueue = false
    /// The URL of a dead-letter queue for a queue whose redrive policy names none.
    package var deadLetterQueueURL: String?
    /// How often a job is received before it is put aside; the redrive policy of a queue that is made says the same.
    package var maxReceives = 100
    /// The largest sum of bodies and attributes in one request; AWS takes 1 MiB, and 256 KiB before 2025.
    package var maxBatchBytes = 256 << 10
    package var wireProtocol = SQSWireProtocol.json

    /// Makes the defaults.
    package init() {}

    /// Lists what cannot work, with keys below `prefix`, such as `queue.sqs`.
    package func validate(_ prefix: String = "queue.sqs") -> [ConfigurationProblem] {
        var problems = aws.validate(prefix)
        for (key, url) in [
            ("queue_url", queueURL), ("queue_url_prefix", queueURLPrefix),
            ("dead_letter_queue_url", deadLetterQueueURL),
        ] {
            problems.require(
                url.map { AWSEndpoint($0) != nil } ?? true,
                "\(prefix).\(key)",
                "must be an http or https URL"
            )
        }
        problems.require(
            Self.isQueueName(queueName),
            "\(prefix).queue_name",
            "must be 1 to 60 letters, digits, '_' and '-'"
        )
        problems.require(
            (.seconds(2) ... .seconds(43_200)).contains(visibilityTimeout),
            "\(prefix).visibility_timeout",
            "must be from 2 to 43200 seconds"
        )
        problems.require((1...10).contains(maxMessages), "\(prefix).max_messages", "must be from 1 to 10")
        problems.require(
            (.zero ... .seconds(20)).contains(waitTime),
            "\(prefix).wait_time_seconds",
            "must be from 0 to 20"
        )
        problems.require((1...64).contains(concurrency), "\(prefix).concurrency", "must be from 1 to 64")
        problems.require(
            Self.isGroupID(messageGroupID),
            "\(prefix).message_group_id",
            "must be 1 to 128 letters, digits and punctuation"
        )
        problems.require((1...1000).contains(maxReceives), "\(prefix).max_receives", "must be from 1 to 1000")
        problems.require(
            (1024...(1 << 20)).contains(maxBatchBytes),
            "\(prefix).max_batch_bytes",
            "must be from 1024 to 1048576"
        )
        return problems
    }

    /// Amazon SQS API, `CreateQueue`, with room for what is added to the name: at most 80 characters in all.
    private static func isQueueName(_ text: String) -> Bool {
        (1...60).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "_-".utf8.contains($0)
            }
    }

    /// Amazon SQS API, `MessageGroupId`.
    static func isGroupID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}

/// The two protocols that SQS speaks.
package enum SQSWireProtocol: String, Sendable, CaseIterable {
    case json
    case query
}
