import FoundationEssentials

/// The JSON 1.0 protocol of SQS.
enum SQSJSONProtocol {
    static func call(_ request: SQSRequest) throws(AWSError) -> AWSCall {
        let body: Data
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            body = try encoder.encode(input(request))
        } catch {
            throw AWSError(.refused, "\(request.operation) cannot be written as JSON", underlying: error)
        }
        return AWSCall(jsonTarget: "AmazonSQS", operation: request.operation, body: Array(body))
    }

    static func answer(_ request: SQSRequest, _ body: [UInt8]) throws(AWSError) -> SQSAnswer {
        if case .changeVisibility = request { return SQSAnswer() }
        do {
            return try JSONDecoder().decode(Output.self, from: Data(body)).answer
        } catch {
            throw AWSError(.malformed, "the answer to \(request.operation) cannot be read")
        }
    }

    private static func input(_ request: SQSRequest) -> Input {
        var input = Input()
        switch request {
        case .queueURL(let name, let account):
            input.QueueName = name
            input.QueueOwnerAWSAccountId = account
        case .createQueue(let name, let attributes):
            input.QueueName = name
            input.Attributes = attributes
        case .attributes(let url, let names):
            input.QueueUrl = url
            input.AttributeNames = names
        case .send(let url, let entries):
            input.QueueUrl = url
            input.Entries = entries.enumerated().map { Input.Entry(index: $0.offset, entry: $0.element) }
        case .receive(let url, let receive):
            input.QueueUrl = url
            input.MaxNumberOfMessages = receive.maxMessages
            input.WaitTimeSeconds = receive.waitSeconds
            input.VisibilityTimeout = receive.visibilitySeconds
            input.AttributeNames = ["ApproximateReceiveCount"]
            input.MessageAttributeNames = ["All"]
        case .delete(let url, let receipts):
            input.QueueUrl = url
            input.Entries = receipts.enumerated().map { Input.Entry(index: $0.offset, receipt: $0.element) }
        case .changeVisibility(let url, let receipt, let seconds):
            input.QueueUrl = url
            input.ReceiptHandle = receipt
            input.VisibilityTimeout = seconds
        }
        return input
    }

    /// All members of all requests; those that are `nil` are not written.
    private struct Input: Encodable {
        struct Value: Encodable {
            var StringValue: String
            var DataType = "String"
        }

        struct Entry: Encodable {
            var Id: String
            var ReceiptHandle: String?
            var MessageBody: String?
            var MessageAttributes: [String: Value]?
            var MessageGroupId: String?
            var MessageDeduplicationId: String?

            init(index: Int, receipt: String) {
                Id = String(index)
                ReceiptHandle = receipt
            }

            init(index: Int, entry: SQSEntry) {
                Id = String(index)
                MessageBody = entry.body
                if !entry.attributes.isEmpty {
                    MessageAttributes = entry.attributes.reduce(into: [:]) {
                        $0[$1.name] = Value(StringValue: $1.value)
                    }
                }
                MessageGroupId = entry.groupID
                MessageDeduplicationId = entry.deduplicationID
            }
        }

        var QueueName: String?
        var QueueOwnerAWSAccountId: String?
        var QueueUrl: String?
        var Attributes: [String: String]?
        var AttributeNames: [String]?
        var MessageAttributeNames: [String]?
        var Entries: [Entry]?
        var MaxNumberOfMessages: Int?
        var WaitTimeSeconds: Int?
        var VisibilityTimeout: Int?
        var ReceiptHandle: String?
    }

    /// All members of all answers that are read.
    private struct Output: Decodable {
        struct Failure: Decodable {
            var Id: String
            var Code: String?
            var SenderFault: Bool?
        }

        struct Value: Decodable {
            var StringValue: String?
        }

        struct Message: Decodable {
            var MessageId: String
            var ReceiptHandle: String
            var Body: String?
            var MD5OfBody: String?
            var Attributes: [String: String]?
            var MessageAttributes: [String: Value]?

            var message: SQSMessage {
                var message = SQSMessage(
                    id: MessageId,
                    receipt: ReceiptHandle,
                    body: Body ?? "",
                    bodyMD5: MD5OfBody ?? ""
                )
                message.system = Attributes ?? [:]
                message.attributes = (MessageAttributes ?? [:]).compactMapValues(\.StringValue)
                return message
            }
        }

        var QueueUrl: String?
        var Attributes: [String: String]?
        var Messages: [Message]?
        var Failed: [Failure]?

        var answer: SQSAnswer {
            var answer = SQSAnswer()
            answer.queueURL = QueueUrl
            answer.attributes = Attributes ?? [:]
            answer.messages = (Messages ?? []).map(\.message)
            answer.failures = (Failed ?? []).compactMap { failure in
                Int(failure.Id).map {
                    SQSBatchFailure(
                        index: $0,
                        code: failure.Code ?? "",
                        isSenderFault: failure.SenderFault ?? false
                    )
                }
            }
            return answer
        }
    }
}
