/// A request to SQS, whichever protocol carries it.
package enum SQSRequest: Sendable, Equatable {
    case queueURL(name: String, account: String?)
    case createQueue(name: String, attributes: [String: String])
    case attributes(url: String, names: [String])
    case send(url: String, [SQSEntry])
    case receive(url: String, SQSReceive)
    case delete(url: String, receipts: [String])
    case changeVisibility(url: String, receipt: String, seconds: Int)

    /// The operation's name (Amazon SQS API Reference).
    var operation: String {
        switch self {
        case .queueURL: "GetQueueUrl"
        case .createQueue: "CreateQueue"
        case .attributes: "GetQueueAttributes"
        case .send: "SendMessageBatch"
        case .receive: "ReceiveMessage"
        case .delete: "DeleteMessageBatch"
        case .changeVisibility: "ChangeMessageVisibility"
        }
    }
}

/// One message to send.
package struct SQSEntry: Sendable, Equatable {
    package var body: String
    /// Message attributes, all strings, in their order.
    package var attributes: [SQSAttribute] = []
    /// On FIFO queues only.
    package var groupID: String?
    package var deduplicationID: String?

    /// Makes a message.
    package init(body: String) {
        self.body = body
    }

    /// What SQS counts: the body and each attribute's name, type and value.
    package var size: Int {
        attributes.reduce(body.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + "String".utf8.count }
    }
}

/// A message attribute of the type String.
package struct SQSAttribute: Sendable, Equatable {
    package var name: String
    package var value: String

    /// Makes an attribute.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What is asked for when messages are received.
package struct SQSReceive: Sendable, Equatable {
    package var maxMessages: Int
    package var waitSeconds: Int
    package var visibilitySeconds: Int

    /// Makes a request for up to ten messages.
    package init(maxMessages: Int, waitSeconds: Int, visibilitySeconds: Int) {
        self.maxMessages = maxMessages
        self.waitSeconds = waitSeconds
        self.visibilitySeconds = visibilitySeconds
    }
}

/// A received message.
package struct SQSMessage: Sendable, Equatable {
    package var id: String
    package var receipt: String
    package var body: String
    package var bodyMD5: String
    /// The queue's own attributes, such as `ApproximateReceiveCount`.
    package var system: [String: String]
    /// Message attributes of the type String.
    package var attributes: [String: String]

    /// Makes a message without attributes.
    package init(id: String, receipt: String, body: String, bodyMD5: String) {
        self.id = id
        self.receipt = receipt
        self.body = body
        self.bodyMD5 = bodyMD5
        system = [:]
        attributes = [:]
    }
}

/// One entry of a batch that was not carried out.
package struct SQSBatchFailure: Sendable, Equatable {
    /// The entry's place in the batch.
    package var index: Int
    package var code: String
    /// Whether sending the same again cannot help.
    package var isSenderFault: Bool
}

/// What the answers to all requests hold; each fills its part.
package struct SQSAnswer: Sendable, Equatable {
    package var queueURL: String?
    package var attributes: [String: String] = [:]
    package var messages: [SQSMessage] = []
    package var failures: [SQSBatchFailure] = []

    /// Makes an empty answer.
    package init() {}
}
