import CurlHTTP

/// The query protocol of SQS: forms out, XML in.
enum SQSQueryProtocol {
    private typealias Pairs = [(name: String, value: String)]

    static func call(_ request: SQSRequest) -> AWSCall {
        AWSCall(
            operation: request.operation,
            headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: URIEscaping.form([("Action", request.operation), ("Version", "2012-11-05")] + pairs(request))
        )
    }

    static func answer(_ request: SQSRequest, _ body: [UInt8]) throws(AWSError) -> SQSAnswer {
        let root: XMLElement
        do throws(XMLReader.Failure) {
            root = try XMLReader.read(body)
        } catch {
            throw AWSError(.malformed, "the answer to \(request.operation) is not XML (\(error))")
        }
        guard root.name == "\(request.operation)Response" else {
            throw AWSError(.malformed, "the answer to \(request.operation) is an element of another name")
        }
        var answer = SQSAnswer()
        guard let result = root.child("\(request.operation)Result") else { return answer }
        answer.queueURL = result.value("QueueUrl")
        answer.attributes = values(result.children("Attribute"))
        answer.messages = result.children("Message").map(message)
        answer.failures = result.children("BatchResultErrorEntry").compactMap { entry in
            entry.value("Id").flatMap { Int($0) }.map {
                SQSBatchFailure(
                    index: $0,
                    code: entry.value("Code") ?? "",
                    isSenderFault: entry.value("SenderFault") == "true"
                )
            }
        }
        return answer
    }

    private static func pairs(_ request: SQSRequest) -> Pairs {
        switch request {
        case .queueURL(let name, let account):
            [("QueueName", name)] + (account.map { [("QueueOwnerAWSAccountId", $0)] } ?? [])
        case .createQueue(let name, let attributes):
            [("QueueName", name)]
                + attributes.sorted { $0.key < $1.key }.enumerated().flatMap { index, pair in
                    [("Attribute.\(index + 1).Name", pair.key), ("Attribute.\(index + 1).Value", pair.value)]
                }
        case .attributes(let url, let names):
            [("QueueUrl", url)] + names.enumerated().map { ("AttributeName.\($0.offset + 1)", $0.element) }
        case .send(let url, let entries):
            [("QueueUrl", url)] + entries.enumerated().flatMap { entry($0.offset, $0.element) }
        case .receive(let url, let receive):
            [
                ("QueueUrl", url), ("MaxNumberOfMessages", String(receive.maxMessages)),
                ("WaitTimeSeconds", String(receive.waitSeconds)),
                ("VisibilityTimeout", String(receive.visibilitySeconds)),
                ("AttributeName.1", "ApproximateReceiveCount"), ("MessageAttributeName.1", "All"),
            ]
        case .delete(let url, let receipts):
            [("QueueUrl", url)]
                + receipts.enumerated().flatMap { index, receipt in
                    [
                        ("DeleteMessageBatchRequestEntry.\(index + 1).Id", String(index)),
                        ("DeleteMessageBatchRequestEntry.\(index + 1).ReceiptHandle", receipt),
                    ]
                }
        case .changeVisibility(let url, let receipt, let seconds):
            [("QueueUrl", url), ("ReceiptHandle", receipt), ("VisibilityTimeout", String(seconds))]
        }
    }

    private static func entry(_ index: Int, _ entry: SQSEntry) -> Pairs {
        let prefix = "SendMessageBatchRequestEntry.\(index + 1)"
        var pairs: Pairs = [("\(prefix).Id", String(index)), ("\(prefix).MessageBody", entry.body)]
        for (position, attribute) in entry.attributes.enumerated() {
            let place = "\(prefix).MessageAttribute.\(position + 1)"
            pairs += [
                ("\(place).Name", attribute.name), ("\(place).Value.DataType", "String"),
                ("\(place).Value.StringValue", attribute.value),
            ]
        }
        if let group = entry.groupID { pairs.append(("\(prefix).MessageGroupId", group)) }
        if let id = entry.deduplicationID { pairs.append(("\(prefix).MessageDeduplicationId", id)) }
        return pairs
    }

    private static func message(_ element: XMLElement) -> SQSMessage {
        let attributes = element.children("MessageAttribute").map { attribute in
            (attribute.value("Name") ?? "", attribute.child("Value")?.value("StringValue") ?? "")
        }
        var message = SQSMessage(
            id: element.value("MessageId") ?? "",
            receipt: element.value("ReceiptHandle") ?? "",
            body: element.value("Body") ?? "",
            bodyMD5: element.value("MD5OfBody") ?? ""
        )
        message.system = values(element.children("Attribute"))
        message.attributes = Dictionary(attributes, uniquingKeysWith: { $1 })
        return message
    }

    private static func values(_ elements: [XMLElement]) -> [String: String] {
        let pairs = elements.map { ($0.value("Name") ?? "", $0.value("Value") ?? "") }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }
}
