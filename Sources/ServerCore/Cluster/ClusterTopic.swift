/// What nodes share: one channel, one user or one app, each with its state in the directory and a topic for messages.
package struct ClusterTopic: Hashable, Sendable {
    /// What the topic is of.
    package enum Kind: UInt8, Sendable, CaseIterable {
        case channel = 0x63
        case user = 0x75
        case app = 0x61
    }

    package var kind: Kind
    package var appID: String
    /// The channel's name, the user's id, or nothing.
    package var name: String

    /// Names a topic.
    package init(_ kind: Kind, appID: String, name: String = "") {
        self.kind = kind
        self.appID = appID
        self.name = name
    }

    /// The text that stands for the topic in the keys of a store: kind, app and name, such as `c/shop/orders`.
    ///
    /// It has no braces, so that it can be the hash tag of all keys of the topic (Redis Cluster specification, "Hash
    /// tags"). Tags of names that begin alike begin alike.
    package var tag: String {
        var tag: [UInt8] = []
        // Enough for a tag without escapes.
        tag.reserveCapacity(appID.utf8.count + name.utf8.count + 3)
        tag.append(kind.rawValue)
        tag.append(UInt8(ascii: "/"))
        Self.append(appID, to: &tag, escapesSlash: true)
        tag.append(UInt8(ascii: "/"))
        Self.append(name, to: &tag, escapesSlash: false)
        return String(decoding: tag, as: UTF8.self)
    }

    /// Reads a tag; `nil` for every text that is not one.
    package init?(tag: some StringProtocol) {
        let bytes = Array(tag.utf8)
        guard bytes.count >= 3, let kind = Kind(rawValue: bytes[0]), bytes[1] == UInt8(ascii: "/"),
            let slash = bytes[2...].firstIndex(of: UInt8(ascii: "/")),
            let appID = Self.unescape(bytes[2..<slash]), let name = Self.unescape(bytes[(slash + 1)...])
        else { return nil }
        self.init(kind, appID: appID, name: name)
        guard self.tag == tag else { return nil }
    }

    private static func append(_ text: String, to tag: inout [UInt8], escapesSlash: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "%"):
                tag += [UInt8(ascii: "%")] + hex(byte)
            case UInt8(ascii: "/") where escapesSlash:
                tag += [UInt8(ascii: "%")] + hex(byte)
            default:
                tag.append(byte)
            }
        }
    }

    private static func hex(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    private static func unescape(_ bytes: ArraySlice<UInt8>) -> String? {
        var text: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                text.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            text.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: text, as: UTF8.self)
    }
}

extension ClusterTopic: CustomStringConvertible {
    package var description: String { tag }
}

/// The name under which a node has its part of the cluster's state: drawn anew at each start, and again when other nodes
/// have given up the node that bore it.
package struct ClusterNode: Hashable, Sendable, CustomStringConvertible {
    package let id: UInt64

    /// Names a node.
    package init(id: UInt64) {
        self.id = id
    }

    /// Draws a name that no other node has.
    package static func random() -> ClusterNode {
        ClusterNode(id: .random(in: 1 ... .max))
    }

    /// Reads a name as it is written; `nil` for every other text.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 16, let id = UInt64(text, radix: 16) else { return nil }
        self.init(id: id)
    }

    /// Sixteen hexadecimal digits.
    package var description: String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
