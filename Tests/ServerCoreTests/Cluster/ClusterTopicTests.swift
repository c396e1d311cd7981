import ServerCore
import TestSupport
import Testing

@Suite("A cluster topic")
struct ClusterTopicTests {
    @Test(
        "its tag has no braces and reads back",
        arguments: [
            ClusterTopic(.channel, appID: "shop", name: "presence-room.1"),
            ClusterTopic(.user, appID: "a/b{c}%", name: "{user} 100 % /🦤"),
            ClusterTopic(.app, appID: ""),
        ]
    )
    func roundTrip(topic: ClusterTopic) {
        #expect(!topic.tag.contains { "{}".contains($0) })
        #expect(ClusterTopic(tag: topic.tag) == topic)
    }

    @Test("the tag is readable where nothing needs escaping")
    func readable() {
        #expect(ClusterTopic(.channel, appID: "shop", name: "orders").tag == "c/shop/orders")
    }

    @Test("names that begin alike have tags that begin alike")
    func prefixes() {
        let prefix = ClusterTopic(.channel, appID: "a", name: "private-").tag
        #expect(ClusterTopic(.channel, appID: "a", name: "private-x").tag.hasPrefix(prefix))
    }

    @Test(
        "a text that is not a tag is refused",
        arguments: [
            "", "c", "c/", "c/shop", "x/shop/a", "c/shop/%", "c/shop/%7", "c/shop/%zz", "c/shop/%7b", "c/s%hop/a",
            "c/a/%41",
        ]
    )
    func malformed(text: String) {
        #expect(ClusterTopic(tag: text) == nil)
    }

    @Test("random bytes are read back or refused, never misread")
    func random() {
        var generator = SeededGenerator(seed: 4)
        let alphabet = Array("cua/%7B{}xé".unicodeScalars)
        for _ in 0..<20_000 {
            let text = String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                    }
                )
            )
            if let topic = ClusterTopic(tag: text) {
                #expect(topic.tag == text)
            }
            let topic = ClusterTopic(.user, appID: text, name: String(text.reversed()))
            #expect(ClusterTopic(tag: topic.tag) == topic)
        }
    }

    @Test("a node's name is sixteen digits and reads back")
    func nodes() {
        for node in [ClusterNode(id: 1), ClusterNode(id: .max), .random()] {
            #expect(node.description.count == 16)
            #expect(ClusterNode(node.description) == node)
        }
        for text in ["", "1", "zzzzzzzzzzzzzzzz", "00000000000000001"] {
            #expect(ClusterNode(text) == nil)
        }
    }
}
