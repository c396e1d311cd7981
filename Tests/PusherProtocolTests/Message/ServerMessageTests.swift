import Foundation
import NIOCore
import PusherProtocol
import TestSupport
import Testing

/// Checks every message of the server as a client's JSON parser reads it (Pusher protocol 7, "Events").
@Suite struct ServerMessageTests {
    /// What stands in a message that cannot be parsed.
    struct Unreadable: Error {}

    private func message(_ frame: ByteBuffer) throws -> [String: Any] {
        let payload = try Self.payload(of: frame)
        let object = try JSONSerialization.jsonObject(with: Data(payload))
        guard let message = object as? [String: Any] else { throw Unreadable() }
        return message
    }

    /// The payload of one whole, final, unmasked text frame.
    private static func payload(of frame: ByteBuffer) throws -> [UInt8] {
        var frame = frame
        guard frame.readInteger(as: UInt8.self) == 0x81, let short = frame.readInteger(as: UInt8.self) else {
            throw Unreadable()
        }
        let count: Int
        switch short {
        case 126: count = Int(frame.readInteger(as: UInt16.self) ?? 0)
        case 127: count = Int(frame.readInteger(as: UInt64.self) ?? 0)
        default: count = Int(short)
        }
        guard let bytes = frame.readBytes(length: count), frame.readableBytes == 0 else { throw Unreadable() }
        return bytes
    }

    private func data(_ message: [String: Any]) throws -> [String: Any] {
        let text = try #require(message["data"] as? String)
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("the first message names the socket")
    func establishes() throws {
        let id = SocketID.random()
        let message = try message(ServerMessage.connectionEstablished(socketID: id, activityTimeoutSeconds: 120))
        #expect(message["event"] as? String == "pusher:connection_established")
        #expect(message["channel"] == nil)
        #expect(try data(message)["socket_id"] as? String == id.description)
        #expect(try data(message)["activity_timeout"] as? Int == 120)
    }

    @Test("an error's data are an object with a number or null as code")
    func reportsErrors() throws {
        let numbered = try message(ServerMessage.error(PusherError(code: 4301, "rate \"limit\"\n")))
        #expect(numbered["event"] as? String == "pusher:error")
        let data = try #require(numbered["data"] as? [String: Any])
        #expect(data["code"] as? Int == 4301)
        #expect(data["message"] as? String == "rate \"limit\"\n")
        let bare = try message(ServerMessage.error(PusherError("x")))
        #expect(try #require(bare["data"] as? [String: Any])["code"] is NSNull)
    }

    @Test("pings and pongs carry an empty object")
    func pings() throws {
        for (frame, name) in [(ServerMessage.ping, "pusher:ping"), (ServerMessage.pong, "pusher:pong")] {
            let message = try message(frame)
            #expect(message["event"] as? String == name)
            #expect(try #require(message["data"] as? [String: Any]).isEmpty)
        }
    }

    @Test("a sign-in is confirmed with the user data as they were sent")
    func confirmsSignin() throws {
        let sent = #"{"id":"41","user_info":{"name":"A\"da\\ \u00e9 é"}}"#
        let message = try message(ServerMessage.signinSuccess(userData: sent))
        #expect(message["event"] as? String == "pusher:signin_success")
        #expect(try data(message)["user_data"] as? String == sent)
    }

    @Test("a subscription without presence is confirmed with the string {}")
    func confirmsSubscription() throws {
        let message = try message(ServerMessage.subscriptionSucceeded(channel: "news"))
        #expect(message["event"] as? String == "pusher_internal:subscription_succeeded")
        #expect(message["channel"] as? String == "news")
        #expect(message["data"] as? String == "{}")
    }

    @Test("a presence subscription lists every member once in ids and hash")
    func listsMembers() throws {
        let members = [
            PresenceMember(userID: "41", userInfo: Array(#"{"name":"Ada \"the\" \\ 1\u0000"}"#.utf8)),
            PresenceMember(userID: "42", userInfo: nil),
            PresenceMember(userID: "\"},{\\ \u{0}\u{1f}é😀\u{2028}", userInfo: Array("[1, \"\\n\"]".utf8)),
            PresenceMember(userID: "n", userInfo: Array("null".utf8)),
        ]
        let message = try message(ServerMessage.subscriptionSucceeded(channel: "presence-lobby", members: members))
        let presence = try #require(try data(message)["presence"] as? [String: Any])
        #expect(presence["count"] as? Int == 4)
        #expect(presence["ids"] as? [String] == members.map(\.userID))
        let hash = try #require(presence["hash"] as? [String: Any])
        #expect(Set(hash.keys) == Set(members.map(\.userID)))
        #expect((hash["41"] as? [String: String])?["name"] == "Ada \"the\" \\ 1\u{0}")
        #expect(hash["42"] is NSNull)
        #expect(hash["n"] is NSNull)
        #expect((hash[members[2].userID] as? [Any])?.last as? String == "\n")
    }

    @Test("an empty presence channel has an object as hash")
    func listsNobody() throws {
        let message = try message(ServerMessage.subscriptionSucceeded(channel: "presence-lobby", members: []))
        let presence = try #require(try data(message)["presence"] as? [String: Any])
        #expect(presence["count"] as? Int == 0)
        #expect(try #require(presence["ids"] as? [String]).isEmpty)
        #expect(try #require(presence["hash"] as? [String: Any]).isEmpty)
    }

    @Test("members come with their info and go without")
    func tellsMembers() throws {
        let info = Array(#"{"name":"Bo"}"#.utf8)
        let added = try message(
            ServerMessage.memberAdded(PresenceMember(userID: "4\"3", userInfo: info), channel: "presence-a")
        )
        #expect(added["event"] as? String == "pusher_internal:member_added")
        #expect(added["channel"] as? String == "presence-a")
        #expect(try data(added)["user_id"] as? String == "4\"3")
        #expect((try data(added)["user_info"] as? [String: String]) == ["name": "Bo"])
        let bare = try message(
            ServerMessage.memberAdded(PresenceMember(userID: "1", userInfo: nil), channel: "presence-a")
        )
        #expect(try data(bare)["user_info"] is NSNull)
        let removed = try message(ServerMessage.memberRemoved(userID: "4\"3", channel: "presence-a"))
        #expect(removed["event"] as? String == "pusher_internal:member_removed")
        #expect(try data(removed).keys.sorted() == ["user_id"])
        #expect(try data(removed)["user_id"] as? String == "4\"3")
    }

    @Test("counts, misses and refusals name their channel")
    func tellsChannels() throws {
        let count = try message(ServerMessage.subscriptionCount(7, channel: "news"))
        #expect(count["event"] as? String == "pusher_internal:subscription_count")
        #expect(try data(count)["subscription_count"] as? Int == 7)
        let miss = try message(ServerMessage.cacheMiss(channel: "cache-a"))
        #expect(miss["event"] as? String == "pusher:cache_miss")
        #expect(miss["channel"] as? String == "cache-a")
        #expect(miss["data"] as? String == "{}")
        let refusal = try message(
            ServerMessage.subscriptionError(PusherError("no \"way\""), channel: "x\"\\", status: 401)
        )
        #expect(refusal["event"] as? String == "pusher:subscription_error")
        #expect(refusal["channel"] as? String == "x\"\\")
        #expect(try data(refusal)["error"] as? String == "no \"way\"")
        #expect(try data(refusal)["status"] as? Int == 401)
        #expect(try data(refusal)["type"] as? String == "AuthError")
    }

    @Test("watchlist events list who is online and offline, and leave empty lists out")
    func tellsWatchers() throws {
        func events(_ online: [String], _ offline: [String]) throws -> [[String: Any]] {
            let message = try message(ServerMessage.watchlistEvents(online: online, offline: offline))
            #expect(message["event"] as? String == "pusher_internal:watchlist_events")
            #expect(message["channel"] == nil)
            return try #require(try data(message)["events"] as? [[String: Any]])
        }
        let both = try events(["1", "\""], ["2"])
        #expect(both.map { $0["name"] as? String } == ["online", "offline"])
        #expect(both.map { $0["user_ids"] as? [String] } == [["1", "\""], ["2"]])
        #expect(try events([], ["2"]).map { $0["name"] as? String } == ["offline"])
        #expect(try events(["2"], []).map { $0["name"] as? String } == ["online"])
        #expect(try events([], []).isEmpty)
    }

    @Test("an application's event keeps its escapes, with the sender's user where there is one")
    func relaysEvents() throws {
        func event(_ userID: String?) throws -> [String: Any] {
            try Array(#"App\\Events\\\u00e9"#.utf8).withUnsafeBytes { name in
                try Array(#"{\"id\": 9.10}"#.utf8).withUnsafeBytes { data in
                    try message(
                        ServerMessage.applicationEvent(
                            escapedName: name,
                            channel: "#server-to-user-\"1",
                            escapedData: data,
                            userID: userID
                        )
                    )
                }
            }
        }
        let plain = try event(nil)
        #expect(plain["event"] as? String == #"App\Events\é"#)
        #expect(plain["channel"] as? String == "#server-to-user-\"1")
        #expect(plain["data"] as? String == #"{"id": 9.10}"#)
        #expect(plain["user_id"] == nil)
        #expect(try event("4\"1")["user_id"] as? String == "4\"1")
    }

    @Test(
        "frames carry the right length at every border of the header",
        arguments: [
            0, 1, 50, 100, 125, 126, 127, 200, 65_400, 65_500, 65_535, 65_536, 70_000, 1_000_000,
        ]
    )
    func framesEveryLength(_ count: Int) throws {
        let data = [UInt8](repeating: UInt8(ascii: "x"), count: count)
        for padding in 0..<40 where count < 70_000 || padding == 0 {
            let name = [UInt8](repeating: UInt8(ascii: "n"), count: padding)
            let frame = name.withUnsafeBytes { name in
                data.withUnsafeBytes {
                    ServerMessage.applicationEvent(escapedName: name, channel: "c", escapedData: $0)
                }
            }
            let message = try message(frame)
            #expect((message["data"] as? String)?.utf8.count == count)
        }
    }

    @Test("random identities survive both encodings")
    func survivesRandomIdentities() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let scalars = (0..<Int.random(in: 1...20, using: &random)).compactMap { _ in
                UnicodeScalar(
                    UInt32.random(in: 0...0x10ffff, using: &random) >> UInt32.random(in: 0...16, using: &random)
                )
            }
            var userID = ""
            userID.unicodeScalars.append(contentsOf: scalars)
            let frame = ServerMessage.memberRemoved(userID: userID, channel: "presence-a")
            let told = try #require(try data(message(frame))["user_id"] as? String)
            #expect(Array(told.utf8) == Array(userID.utf8))
        }
    }
}
