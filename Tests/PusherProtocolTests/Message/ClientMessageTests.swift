import PusherProtocol
import Testing

/// Checks what clients may say, in the forms in which libraries say it.
@Suite struct ClientMessageTests {
    private func read(_ text: String) throws -> ClientMessage {
        try Array(text.utf8).withUnsafeBytes { bytes in try ClientMessage(bytes) }
    }

    @Test(
        "pings and pongs need no data, and take any",
        arguments: [
            "", #","data":{}"#, #","data":"""#, #","data":null"#, #","data":[1]"#, #","data":5"#, #","channel":7"#,
        ]
    )
    func readsPings(_ rest: String) throws {
        #expect(try read(#"{"event":"pusher:ping"\#(rest)}"#) == .ping)
        #expect(try read(#"{"event":"pusher:pong"\#(rest)}"#) == .pong)
    }

    @Test("a subscription's empty and null members count as absent")
    func readsSubscriptions() throws {
        for rest in ["", #","auth":"""#, #","auth":null"#, #","auth":"","channel_data":null"#, #","channel_data":"""#] {
            guard
                case .subscribe(let request) = try read(
                    #"{"event":"pusher:subscribe","data":{"channel":"news"\#(rest)}}"#
                )
            else {
                Issue.record("not a subscription: \(rest)")
                continue
            }
            #expect(request.channel == "news")
            #expect(request.auth == nil)
            #expect(request.channelData == nil)
        }
    }

    @Test("a command's data may be a string that holds the object")
    func readsStringData() throws {
        let nested =
            #"{"event":"pusher:subscribe","data":"{\"channel\":\"presence-a\",\"auth\":\"k:s\",\"channel_data\":\"{\\\"user_id\\\":\\\"1\\\"}\"}"}"#
        let plain =
            #"{"data":{"channel_data":"{\"user_id\":\"1\"}","channel":"presence-a","auth":"k:s"},"event":"pusher:subscribe"}"#
        #expect(try read(nested) == read(plain))
        guard case .subscribe(let request) = try read(nested) else {
            Issue.record("not a subscription")
            return
        }
        #expect(request.channelData == #"{"user_id":"1"}"#)
        #expect(request.auth == "k:s")
        #expect(try read(#"{"event":"pusher:unsubscribe","data":"{\"channel\":\"a\"}"}"#) == .unsubscribe(channel: "a"))
    }

    @Test("escapes in names and keys mean what they mean")
    func readsEscapes() throws {
        #expect(
            try read(#"{"\u0065vent":"pusher\u003aunsubscribe","d\u0061ta":{"ch\u0061nnel":"\u006eews"}}"#)
                == .unsubscribe(channel: "news")
        )
    }

    @Test("a sign-in needs both of its members")
    func readsSignins() throws {
        guard
            case .signin(let request) = try read(
                #"{"event":"pusher:signin","data":{"auth":"k:s","user_data":"{\"id\":\"1\"}"}}"#
            )
        else {
            Issue.record("not a sign-in")
            return
        }
        #expect(request.auth == "k:s")
        #expect(request.userData == #"{"id":"1"}"#)
        for data in [
            "{}", #"{"auth":"k:s"}"#, #"{"user_data":"{}"}"#, #"{"auth":"","user_data":"x"}"#,
            #"{"auth":"a","user_data":{"id":"1"}}"#,
        ] {
            #expect(throws: PusherError.self) { try read(#"{"event":"pusher:signin","data":\#(data)}"#) }
        }
    }

    @Test("a client event's string is kept with its escapes, and anything else becomes a string")
    func readsClientEvents() throws {
        func event(_ data: String) throws -> ClientEvent? {
            guard
                case .clientEvent(let event) = try read(#"{"event":"client-a","channel":"private-b","data":\#(data)}"#)
            else { return nil }
            return event
        }
        let text = try #require(try event(#""x\u00e9\n\"y""#))
        #expect(text.escapedData == Array(#"x\u00e9\n\"y"#.utf8))
        #expect(text.data == "xé\n\"y")
        #expect(text.dataBytes == 6)
        let object = try #require(try event(#"{"on": true, "s":"\"\\\u0001"}"#))
        #expect(object.data == #"{"on": true, "s":"\"\\\u0001"}"#)
        #expect(object.dataBytes == object.data.utf8.count)
        for (json, string) in [("1.50", "1.50"), ("true", "true"), ("[ ]", "[ ]"), ("\"\"", "")] {
            #expect(try #require(try event(json)).data == string)
        }
        #expect(throws: PusherError.self) { try event("null") }
    }

    @Test(
        "a client event needs a channel and data",
        arguments: [
            #"{"event":"client-a"}"#, #"{"event":"client-a","data":1}"#, #"{"event":"client-a","channel":"b"}"#,
            #"{"event":"client-a","channel":"","data":1}"#, #"{"event":"client-a","channel":5,"data":1}"#,
        ]
    )
    func refusesClientEvents(_ text: String) {
        #expect(throws: PusherError("Invalid client event (must contain channel and data)")) { try read(text) }
    }

    @Test(
        "names that no client may send are told back",
        arguments: [
            "", "x", "pusher:error", "pusher_internal:member_added", "client", "Client-a", "pusher:Subscribe",
            "clienta-",
        ]
    )
    func readsUnsupported(_ name: String) throws {
        #expect(try read(#"{"event":"\#(name)","channel":"private-a","data":{}}"#) == .unsupported(event: name))
    }

    @Test("a name counts by its bytes, whatever follows the prefix")
    func readsCombiningNames() throws {
        guard
            case .clientEvent(let event) = try read(
                "{\"event\":\"client-\u{301}x\",\"channel\":\"private-a\",\"data\":\"\"}"
            )
        else {
            Issue.record("not a client event")
            return
        }
        #expect(event.name == "client-\u{301}x")
    }

    @Test(
        "what is not one object with an event is refused, and the connection stays open",
        arguments: [
            "", " ", "x", "[]", "null", "1", #""pusher:ping""#, "{}", #"{"event":1}"#, #"{"event":null}"#,
            #"{"event":["pusher:ping"]}"#,
            #"{"event":"pusher:ping""#, #"{"event":"pusher:ping"}}"#, #"{"event":"pusher:ping"} {}"#,
            #"{"event":"pusher:ping",}"#,
            #"{"event":"\ud800"}"#, #"{'event':'pusher:ping'}"#, "\u{feff}{\"event\":\"pusher:ping\"}",
            "{\"event\":\"a\nb\"}",
            #"{"event":"pusher:subscribe"}"#, #"{"event":"pusher:subscribe","data":null}"#,
            #"{"event":"pusher:subscribe","data":{}}"#,
            #"{"event":"pusher:subscribe","data":"news"}"#, #"{"event":"pusher:subscribe","data":["news"]}"#,
            #"{"event":"pusher:subscribe","data":{"channel":5}}"#,
            #"{"event":"pusher:subscribe","data":{"channel":"a","auth":5}}"#,
            #"{"event":"pusher:subscribe","data":{"channel":""}}"#,
            #"{"event":"pusher:subscribe","data":"{\"channel\":\"a\"} x"}"#,
            #"{"event":"pusher:unsubscribe","data":{}}"#, #"{"event":"pusher:unsubscribe","data":5}"#,
            #"{"event":"pusher:signin","data":""}"#,
        ]
    )
    func refuses(_ text: String) {
        #expect(throws: PusherError.self) { try read(text) }
    }

    @Test("malformed UTF-8 is refused")
    func refusesBadUTF8() {
        let bytes = Array(#"{"event":"pusher:ping","data":""#.utf8) + [0xc3, 0x28] + Array("\"}".utf8)
        #expect(throws: PusherError.self) { try bytes.withUnsafeBytes { bytes in try ClientMessage(bytes) } }
    }
}
