import AWSBackend
import TestSupport
import Testing

@Suite("Jobs as messages")
struct SQSPayloadTests {
    private func message(_ entry: SQSEntry) -> SQSMessage {
        var message = SQSMessage(id: "1", receipt: "r", body: entry.body, bodyMD5: "")
        message.attributes = Dictionary(entry.attributes.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        return message
    }

    @Test("text goes as it is")
    func text() {
        let entry = SQSPayload.entry(Array("{\"a\":\"é🐦\"}\n\t".utf8))
        #expect(entry.body == "{\"a\":\"é🐦\"}\n\t")
        #expect(entry.attributes.isEmpty)
    }

    @Test(
        "what SQS or XML would change goes in Base64",
        arguments: [[], [0], [0xff], [13], [0x7f], Array("a\u{FFFE}".utf8)]
    )
    func bytes(payload: [UInt8]) {
        let entry = SQSPayload.entry(payload)
        #expect(!entry.body.isEmpty)
        #expect(entry.attributes.count == 1)
        #expect(SQSPayload.payload(message(entry)) == payload)
    }

    @Test("any bytes come back as they were")
    func roundTrip() {
        var random = SeededGenerator(seed: 9)
        for count in 0..<400 {
            let payload = random.bytes(count % 40)
            #expect(SQSPayload.payload(message(SQSPayload.entry(payload))) == payload)
        }
    }

    @Test("a message that is not what it says is no job")
    func malformed() {
        var entry = SQSPayload.entry([0])
        entry.body = "not base64!"
        #expect(SQSPayload.payload(message(entry)) == nil)
        entry.attributes[0].value = "gzip"
        #expect(SQSPayload.payload(message(entry)) == nil)
    }

    @Test("batches hold ten messages and so many bytes, in order")
    func batches() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let entries = (0..<Int.random(in: 0...45, using: &random)).map {
                SQSEntry(body: "\($0)" + String(repeating: "x", count: Int.random(in: 0...300, using: &random)))
            }
            let batches = SQSBatches.cut(entries, maxBytes: 500)
            #expect(batches.flatMap(\.self) == entries)
            for batch in batches {
                #expect((1...10).contains(batch.count))
                #expect(batch.count == 1 || batch.reduce(0) { $0 + $1.size } <= 500)
            }
            for (left, right) in zip(batches, batches.dropFirst()) {
                // No batch could have taken the next message too.
                #expect(left.count == 10 || left.reduce(right[0].size) { $0 + $1.size } > 500)
            }
        }
    }
}
