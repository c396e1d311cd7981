import FoundationEssentials

/// Finds the queue and its dead-letter queue once, and remembers them.
actor SQSQueueLocator {
    /// Where jobs go.
    struct Location: Sendable, Equatable {
        var url: String
        /// Where jobs are put aside, if there is a place.
        var deadLetterURL: String?
        /// Whether the queue itself puts aside what is received too often.
        var hasRedrivePolicy: Bool
    }

    private let client: SQSClient
    private let configuration: SQSConfiguration
    private var location: Location?
    private var isLooking = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(client: SQSClient, configuration: SQSConfiguration) {
        self.client = client
        self.configuration = configuration
    }

    /// Returns the place, looking for it if it is not known; one caller looks while the others wait.
    func locate() async throws(AWSError) -> Location {
        while true {
            if let location { return location }
            guard isLooking else { break }
            await withCheckedContinuation { waiters.append($0) }
        }
        isLooking = true
        defer {
            isLooking = false
            for waiter in waiters {
                waiter.resume()
            }
            waiters = []
        }
        let found = try await look()
        location = found
        return found
    }

    /// Forgets the place, because a queue was not there any more.
    func forget() {
        location = nil
    }

    private var name: String {
        configuration.queueName
    }

    private var suffix: String {
        configuration.isFIFO ? ".fifo" : ""
    }

    private func look() async throws(AWSError) -> Location {
        let url = try await queueURL()
        let attributes = try await client.send(.attributes(url: url, names: ["RedrivePolicy"])).attributes
        let target = attributes["RedrivePolicy"].flatMap(RedrivePolicy.init(json:))
        var deadLetterURL = configuration.deadLetterQueueURL
        if let target {
            deadLetterURL =
                try await client.send(.queueURL(name: target.queueName, account: target.account)).queueURL
                ?? deadLetterURL
        }
        return Location(url: url, deadLetterURL: deadLetterURL, hasRedrivePolicy: target != nil)
    }

    private func queueURL() async throws(AWSError) -> String {
        if let url = configuration.queueURL { return url }
        if let prefix = configuration.queueURLPrefix { return prefix + name + suffix }
        do throws(AWSError) {
            return try known(try await client.send(.queueURL(name: name + suffix, account: nil)))
        } catch {
            guard error.isNamed("QueueDoesNotExist", "NonExistentQueue"), configuration.createsQueue else {
                throw error
            }
        }
        return try await create()
    }

    private func known(_ answer: SQSAnswer) throws(AWSError) -> String {
        guard let url = answer.queueURL else { throw AWSError(.malformed, "SQS answered without the queue's URL") }
        return url
    }

    /// Makes the dead-letter queue and then the queue that points to it.
    private func create() async throws(AWSError) -> String {
        var common = configuration.isFIFO ? ["FifoQueue": "true"] : [:]
        common["MessageRetentionPeriod"] = "1209600"
        let deadLetters = "\(name)-dead-letters\(suffix)"
        let deadLetterURL = try known(try await client.send(.createQueue(name: deadLetters, attributes: common)))
        let arns = try await client.send(.attributes(url: deadLetterURL, names: ["QueueArn"])).attributes
        guard let arn = arns["QueueArn"] else { throw AWSError(.malformed, "SQS answered without the queue's ARN") }
        var attributes = common
        attributes["VisibilityTimeout"] = String(configuration.visibilityTimeout.components.seconds)
        attributes["RedrivePolicy"] =
            #"{"deadLetterTargetArn":"\#(arn)","maxReceiveCount":"\#(configuration.maxReceives)"}"#
        return try known(try await client.send(.createQueue(name: name + suffix, attributes: attributes)))
    }
}

/// A queue's attribute that names its dead-letter queue.
private struct RedrivePolicy: Decodable {
    var deadLetterTargetArn: String

    /// Reads the attribute; `nil` if it is none.
    init?(json: String) {
        do {
            self = try JSONDecoder().decode(RedrivePolicy.self, from: Data(json.utf8))
        } catch {
            return nil
        }
    }

    /// `arn:aws:sqs:region:account:name`.
    private var parts: [Substring] {
        deadLetterTargetArn.split(separator: ":")
    }

    var queueName: String {
        String(parts.last ?? "")
    }

    var account: String? {
        parts.count >= 6 ? String(parts[4]) : nil
    }
}
