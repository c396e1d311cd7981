import Testing

@testable import RedisBackend

@Suite("Hash slots")
struct HashSlotTests {
    @Test("the checksum is the one of the specification")
    func checksum() {
        #expect(HashSlot.crc16(Array("123456789".utf8)[...]) == 0x31c3)
        #expect(HashSlot.crc16([]) == 0)
    }

    @Test(
        "only the text in the first braces counts, unless it is empty or open",
        arguments: [
            ("{user1000}.following", "user1000"), ("foo{}{bar}", "foo{}{bar}"), ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"), ("foo{bar", "foo{bar"), ("foo}bar{", "foo}bar{"), ("plain", "plain"),
        ]
    )
    func tags(key: String, hashed: String) {
        #expect(HashSlot.of(Array(key.utf8)) == Int(HashSlot.crc16(Array(hashed.utf8)[...])) % 16_384)
    }

    @Test("slots are those that a server computes", arguments: [("somekey", 11_058), ("foo{hash_tag}", 2_515)])
    func slots(key: String, slot: Int) {
        #expect(HashSlot.of(Array(key.utf8)) == slot)
    }
}
