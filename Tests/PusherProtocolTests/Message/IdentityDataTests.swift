import PusherProtocol
import Testing

/// Checks the identities that backends sign.
@Suite struct IdentityDataTests {
    @Test("channel data name a member, with a string or a number as id")
    func readsMember() throws {
        let member = try PresenceMember(channelData: #"{"user_id":"41","user_info":{"name":"Ada", "n": 1.50}}"#)
        #expect(member.userID == "41")
        #expect(member.userInfo.map { String(decoding: $0, as: UTF8.self) } == #"{"name":"Ada", "n": 1.50}"#)
        #expect(try PresenceMember(channelData: #"{"user_id":10}"#).userID == "10")
        #expect(
            try PresenceMember(channelData: #" {"x":[1,{"user_id":"no"}],"user_id" : -1.5e3 } "#).userID == "-1.5e3"
        )
        #expect(try PresenceMember(channelData: #"{"user_id":"\u00e9\ud83d\ude00\""}"#).userID == "é😀\"")
        #expect(try PresenceMember(channelData: #"{"user_id":"1","user_info":null}"#).userInfo == Array("null".utf8))
        #expect(try PresenceMember(channelData: #"{"user_id":"1"}"#).userInfo == nil)
        #expect(try PresenceMember(channelData: #"{"user\u005fid":"1"}"#).userID == "1")
    }

    @Test(
        "channel data without a usable id are refused",
        arguments: [
            "", "{}", "[]", "null", "1", #""x""#, #"{"user_id":""}"#, #"{"user_id":null}"#, #"{"user_id":true}"#,
            #"{"user_id":{}}"#, #"{"user_id":["1"]}"#, #"{"user_id":"1""#, #"{"user_id":"1"} x"#,
            #"{"user_id":"\ud800"}"#,
            #"{"user_id":01}"#, #"{"id":"1"}"#, #"{"user_id":"1","user_info":{]}"#, "{\"user_id\":\"\u{1}\"}",
            #"{"user_id":"1","user_id":null}"#,
        ]
    )
    func refusesMember(_ text: String) {
        #expect(throws: PusherError.self) { try PresenceMember(channelData: text) }
    }

    @Test("user data name a user with a string id, and whom it watches, each once")
    func readsUser() throws {
        let user = try UserData(
            #"{"id":"41","user_info":{"a":1},"watchlist":["2","3","2",4,null,["5"],{"6":"7"},"3"]}"#
        )
        #expect(user.id == "41")
        #expect(user.info == Array(#"{"a":1}"#.utf8))
        #expect(user.watchlist == ["2", "3"])
        #expect(try UserData(#"{"id":"41"}"#).watchlist.isEmpty)
        #expect(try UserData(#"{"id":"41","watchlist":"2"}"#).watchlist.isEmpty)
        #expect(try UserData(#"{"id":"41","watchlist":[]}"#).watchlist.isEmpty)
    }

    @Test(
        "user data without a string id are refused",
        arguments: [
            "", "{}", #"{"id":41}"#, #"{"id":""}"#, #"{"id":null}"#, #"{"id":"1","id":2}"#, #"{"user_id":"1"}"#,
            #"{"id":"1","watchlist":["#, #"{"id":"1","watchlist":[1,]}"#,
        ]
    )
    func refusesUser(_ text: String) {
        #expect(throws: PusherError.self) { try UserData(text) }
    }

    @Test("deep nesting is refused or read, never fatal")
    func survivesDepth() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: PusherError.self) { try PresenceMember(channelData: #"{"user_id":"1","user_info":\#(deep)"#) }
        let closed = deep + String(repeating: "]", count: 100_000)
        _ = try? PresenceMember(channelData: #"{"user_id":"1","user_info":\#(closed)}"#)
    }
}
