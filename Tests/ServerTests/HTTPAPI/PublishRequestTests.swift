import NIOCore
import NIOHTTP1
import PusherProtocol
import ServerCore
import TestSupport
import Testing

@testable import Server

/// Checks how events are read from requests.
@Suite struct PublishRequestTests {
    @Test("all members are read, in any order, and unknown ones are ignored")
    func readsMembers() throws {
        let request = try publish(
            #"""
            {"x":{"name":[1,2]},"info":"user_count,cache","socket_id":"12.34","data":"{\"id\":9,\"t\":\"\u00e9\/\"}",
             "channels":["private-o1","presence-lobby","private-o1"],"na\u006de":"App\\Events\\Paid","idempotency_key":"k","tags":null}
            """#
        )
        #expect(request.name == #"App\Events\Paid"#)
        #expect(request.channels == ["private-o1", "presence-lobby"])
        #expect(request.data.escaped == Array(#"{\"id\":9,\"t\":\"\u00e9\/\"}"#.utf8))
        #expect(request.data.byteCount == #"{"id":9,"t":"é/"}"#.utf8.count)
        #expect(request.socketID == "12.34")
        #expect(request.info == [.userCount, .cache])
        #expect(request.idempotencyKey == "k")
    }

    @Test("a body inside a larger buffer is read from where it begins")
    func readsFromReaderIndex() throws {
        var body = ByteBuffer(string: "xyz" + #"{"name":"a","channel":"c","data":"d\n"}"#)
        body.moveReaderIndex(forwardBy: 3)
        let request = try PublishRequest(body: body, limits: AppLimits())
        #expect(request.data.escaped == Array(#"d\n"#.utf8))
    }

    @Test(
        "data that is not a string is relayed as the string of its JSON",
        arguments: [
            (#"{"a":"b\n"}"#, #"{\"a\":\"b\\n\"}"#), ("[1, 2]", "[1, 2]"), ("1.50", "1.50"), ("null", "null"),
            ("true", "true"),
        ]
    )
    func stringifies(_ value: String, _ escaped: String) throws {
        let request = try publish(#"{"name":"a","channel":"c","data":\#(value)}"#)
        #expect(request.data.escaped == Array(escaped.utf8))
        #expect(request.data.byteCount == value.utf8.count)
    }

    @Test("null and empty optional members are absent")
    func ignoresNull() throws {
        let request = try publish(
            #"{"name":"a","channels":["c"],"channel":null,"data":"","socket_id":null,"info":null,"idempotency_key":""}"#
        )
        #expect(request.socketID == nil && request.info.isEmpty && request.idempotencyKey == nil)
        #expect(try publish(#"{"name":"a","channel":"c","data":"","socket_id":""}"#).socketID == nil)
    }

    @Test(
        "what is malformed or missing is refused with 400 and says what",
        arguments: [
            ("", "Invalid JSON"), ("[]", "Invalid JSON"), ("{", "Invalid JSON"),
            (#"{"name":"a","channel":"c","data":"d"} x"#, "Invalid JSON"),
            (#"{"name":"a","channel":"c","data":"d","z":tru}"#, "Invalid JSON"),
            (#"{"name":"a","channel":"c","data":"\x"}"#, "Invalid JSON"),
            (#"{"name":1,"channel":"c","data":"d","z":tru}"#, "Invalid JSON"),
            ("{}", "name"), (#"{"name":"","channel":"c","data":"d"}"#, "name"),
            (#"{"name":1,"channel":"c","data":"d"}"#, "name must be a string"),
            (#"{"name":null,"channel":"c","data":"d"}"#, "name"), (#"{"name":"a","channel":"c"}"#, "parameter: data"),
            (#"{"name":"a","data":"d"}"#, "channels"), (#"{"name":"a","data":"d","channels":[]}"#, "channels"),
            (#"{"name":"a","data":"d","channels":"c"}"#, "channels must be an array"),
            (#"{"name":"a","data":"d","channels":["c",1]}"#, "array of strings"),
            (#"{"name":"a","data":"d","channels":["c",null]}"#, "array of strings"),
            (#"{"name":"a","data":"d","channel":["c"]}"#, "channel must be a string"),
            (#"{"name":"a","data":"d","channel":"a b"}"#, "Invalid channel name"),
            (#"{"name":"a","data":"d","channel":""}"#, "Invalid channel name"),
            (##"{"name":"a","data":"d","channel":"#x"}"##, "Invalid channel name"),
            (#"{"name":"a","data":"d","channel":"é"}"#, "Invalid channel name"),
            (#"{"name":"a","data":"d","channel":"c","socket_id":"1"}"#, "socket_id"),
            (#"{"name":"a","data":"d","channel":"c","socket_id":"1.2.3"}"#, "socket_id"),
            (#"{"name":"a","data":"d","channel":"c","socket_id":"1.2\n"}"#, "socket_id"),
            (#"{"name":"a","data":"d","channel":"c","socket_id":1.2}"#, "socket_id must be"),
            (#"{"name":"a","data":"d","channel":"c","info":["user_count"]}"#, "info must be a string"),
        ]
    )
    func refuses(_ body: String, _ text: String) {
        let failure = #expect(throws: HTTPFailure.self) { try publish(body) }
        #expect(failure?.status == .badRequest)
        #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
    }

    @Test("limits count bytes of what is meant, and up to them all is well")
    func enforcesLimits() throws {
        let limits = AppLimits()
        func body(name: Int = 1, data: String = "d", channels: Int = 1, channelBytes: Int = 3) -> String {
            let names = (0..<channels).map { index in
                let digits = String(index)
                return "\"" + String(repeating: "c", count: max(0, channelBytes - digits.count)) + digits + "\""
            }
            let name = String(repeating: "n", count: name)
            return #"{"name":"\#(name)","data":"\#(data)","channels":[\#(names.joined(separator: ","))]}"#
        }
        _ = try publish(body(name: 200, channels: 100, channelBytes: 164))
        #expect(failure(body(name: 201)) == .badRequest("Event name too long (201 > 200 bytes)"))
        #expect(failure(body(channels: 101)) == .badRequest("Too many channels (101 > 100)"))
        #expect(failure(body(channelBytes: 165))?.status == .badRequest)
        let most = String(repeating: #"\u20ac"#, count: limits.maxEventPayloadBytes / 3) + "x"
        #expect(try publish(body(data: most)).data.byteCount == 10_240)
        let tooMuch = failure(body(data: most + "x"))
        #expect(tooMuch?.status == .payloadTooLarge)
        #expect(tooMuch?.message == "The data content of this event exceeds the allowed maximum (10240 bytes).")
        let key = #"{"name":"a","data":"d","channel":"c","idempotency_key":"\#(String(repeating: "k", count: 129))"}"#
        #expect(failure(key)?.message == "idempotency_key too long (129 > 128 bytes)")
    }

    @Test("many channels are deduplicated in their order")
    func deduplicates() throws {
        let names = (0..<100).map { "c\($0 % 40)" }
        let list = names.map { "\"\($0)\"" }.joined(separator: ",")
        let request = try publish(#"{"name":"a","data":"d","channels":[\#(list)]}"#)
        #expect(request.channels == Array(names.prefix(40)))
    }

    @Test("an event can be sent to a user")
    func readsUserChannel() throws {
        #expect(
            try publish(##"{"name":"a","data":"d","channels":["#server-to-user-41"]}"##).channels == [
                "#server-to-user-41"
            ]
        )
    }

    @Test("parameters may come in the query")
    func readsQuery() throws {
        let query = try QueryString(
            "name=n&data=%7B%22a%22%3A1%7D+x&channels[]=a&channels%5B%5D=b&channels[]=a&socket_id=1.2&info=user_count"
        )
        let request = try PublishRequest(query: query, form: .percentDecoded, limits: AppLimits())
        #expect(request.channels == ["a", "b"])
        #expect(request.data.escaped == Array(#"{\"a\":1}+x"#.utf8))
        #expect(request.socketID == "1.2")
        #expect(request.info == .userCount)
        let form = try PublishRequest(query: query, form: .formDecoded, limits: AppLimits())
        #expect(form.data.escaped == Array(#"{\"a\":1} x"#.utf8))
        let joined = try PublishRequest(
            query: QueryString("name=n&data=1&channels=a,b"),
            form: .raw,
            limits: AppLimits()
        )
        #expect(joined.channels == ["a", "b"])
        let none = try QueryString("name=n&data=1")
        #expect(throws: HTTPFailure.self) { try PublishRequest(query: none, form: .raw, limits: AppLimits()) }
    }

    @Test("the deprecated route takes its body as the data")
    func readsRawBody() throws {
        let query = try QueryString("name=n%20m&socket_id=1.2")
        let body = ByteBuffer(string: "not \"JSON\"\n")
        let request = try PublishRequest(
            rawBody: body,
            channel: "c",
            query: query,
            form: .percentDecoded,
            limits: AppLimits()
        )
        #expect(request.name == "n m" && request.channels == ["c"] && request.socketID == "1.2")
        #expect(request.data.escaped == Array(#"not \"JSON\"\n"#.utf8))
        let malformed = ByteBuffer(bytes: [0xff])
        #expect(throws: HTTPFailure.self) {
            try PublishRequest(
                rawBody: malformed,
                channel: "c",
                query: query,
                form: .percentDecoded,
                limits: AppLimits()
            )
        }
    }

    @Test("a batch is read in order, each event with one channel")
    func readsBatch() throws {
        let request = try batch(
            #"{"batch":[{"name":"a","channel":"news","data":"1","info":"subscription_count"},{"name":"b","channels":["x"],"data":"2"}]}"#
        )
        #expect(request.events.map(\.name) == ["a", "b"])
        #expect(request.events.map(\.channels) == [["news"], ["x"]])
        #expect(request.events.map(\.info) == [.subscriptionCount, []])
    }

    @Test(
        "a batch that is malformed, empty or too large is refused",
        arguments: [
            ("{}", "parameter: batch"), (#"{"batch":{}}"#, "batch must be an array"),
            (#"{"batch":[1]}"#, "must be an object"),
            (#"{"batch":[]}"#, "no events"), (#"{"batch":[{"name":"a","channel":"c","data":"d"}]"#, "Invalid JSON"),
            (#"{"batch":[{"name":"a","channel":"c"}]}"#, "data"),
            (#"{"batch":[{"name":"a","channels":["c","d"],"data":""}]}"#, "exactly one channel"),
        ]
    )
    func refusesBatch(_ body: String, _ text: String) {
        let failure = #expect(throws: HTTPFailure.self) { try batch(body) }
        #expect(failure?.status == .badRequest)
        #expect(failure?.message.contains(text) == true, "\(failure?.message ?? "")")
    }

    @Test("batch limits hold for the batch and for each event")
    func limitsBatch() throws {
        let event = #"{"name":"a","channel":"c","data":"d"}"#
        func body(_ events: [String]) -> String { #"{"batch":[\#(events.joined(separator: ","))]}"# }
        #expect(try batch(body(Array(repeating: event, count: 10))).events.count == 10)
        let tooMany = #expect(throws: HTTPFailure.self) { try batch(body(Array(repeating: event, count: 11))) }
        #expect(tooMany == .badRequest("Batch too large (11 > 10)"))
        let large = #"{"name":"a","channel":"c","data":"\#(String(repeating: "x", count: 10_241))"}"#
        let tooLarge = #expect(throws: HTTPFailure.self) { try batch(body([event, large])) }
        #expect(tooLarge?.status == .payloadTooLarge)
    }

    @Test("truncated and mutated bodies fail with 400 or 413 or are read, and never crash")
    func survivesHostileBodies() throws {
        let seeds = [
            #"{"name":"a","channels":["private-o1","c"],"data":"{\"id\":9}","socket_id":"12.34","info":"user_count","idempotency_key":"k"}"#,
            #"{"batch":[{"name":"a","channel":"news","data":{"a":[1]}},{"name":"b","channel":"x","data":"2"}]}"#,
        ].map { Array($0.utf8) }
        for seed in seeds {
            for length in 0..<seed.count {
                #expect(throws: HTTPFailure.self) {
                    try PublishRequest(body: ByteBuffer(bytes: seed[..<length]), limits: AppLimits())
                }
                #expect(throws: HTTPFailure.self) {
                    try BatchRequest(body: ByteBuffer(bytes: seed[..<length]), limits: AppLimits())
                }
            }
        }
        var random = SeededGenerator(seed: 15)
        for _ in 0..<100_000 {
            var bytes = seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let body = ByteBuffer(bytes: bytes)
            do {
                let request = try PublishRequest(body: body, limits: AppLimits())
                checkValid(request)
            } catch {
                #expect(error.status == .badRequest)
            }
            do {
                for event in try BatchRequest(body: body, limits: AppLimits()).events { checkValid(event) }
            } catch {
                #expect(error.status == .badRequest)
            }
        }
    }

    /// What is accepted must be relayable: the data is the content of a valid JSON string.
    private func checkValid(_ request: PublishRequest) {
        let json = [0x22] + request.data.escaped + [0x22]
        #expect(throws: Never.self) { try json.withUnsafeBytes { try JSONScanner.validate($0) } }
        #expect(!request.channels.isEmpty && !request.name.isEmpty)
    }

    private func publish(_ body: String) throws(HTTPFailure) -> PublishRequest {
        try PublishRequest(body: ByteBuffer(string: body), limits: AppLimits())
    }

    private func batch(_ body: String) throws(HTTPFailure) -> BatchRequest {
        try BatchRequest(body: ByteBuffer(string: body), limits: AppLimits())
    }

    private func failure(_ body: String) -> HTTPFailure? {
        do {
            _ = try publish(body)
            return nil
        } catch {
            return error
        }
    }
}
