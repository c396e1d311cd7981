import NIOCore
import PusherProtocol
import ServerCore

extension ClusterOutcome {
    /// Understands the answer of `RedisTopicScripts.update`, or returns `nil`.
    init?(_ reply: RESPValue) {
        self.init()
        guard let parts = reply.elements, let state = parts.first?.integer else { return nil }
        guard state != 1 else {
            isBuried = true
            return
        }
        hasForgotten = state == 2
        guard parts.count == 11, let version = parts[1].integer, let accepted = parts[2].integer,
            let subscriptions = parts[3].integer, let users = parts[4].integer, let wait = parts[5].integer,
            let refused = parts[6].elements, let news = parts[7].elements
        else { return nil }
        self.version = UInt64(max(version, 0))
        self.accepted = Int(accepted)
        counts = ClusterCounts(subscriptions: Int(subscriptions), users: Int(users))
        settlesIn = wait < 0 ? nil : .milliseconds(wait)
        self.refused = refused.compactMap(\.text)
        for entry in news {
            guard let bytes = entry.bytes, let piece = ClusterNews(bytes) else { return nil }
            self.news.append(piece)
        }
        members = parts[8].elements.map { pairs in
            stride(from: 0, to: pairs.count - 1, by: 2).compactMap { index in
                PresenceMember(user: pairs[index], entry: pairs[index + 1])
            }
        }
        retained = RetainedValue(value: parts[9], milliseconds: parts[10])
    }
}

extension ClusterNews {
    /// Understands an entry of a list of news: its number, a space, a letter, and a user.
    fileprivate init?(_ entry: [UInt8]) {
        let digits = entry.prefix { $0 != UInt8(ascii: " ") }
        let content = entry[digits.endIndex...].dropFirst()
        guard let number = UInt64(String(decoding: digits, as: UTF8.self)), let letter = content.first else {
            return nil
        }
        let user = String(decoding: content.dropFirst(), as: UTF8.self)
        switch letter {
        case UInt8(ascii: "o"): self.init(number: number, content: .occupied)
        case UInt8(ascii: "v"): self.init(number: number, content: .vacated)
        case UInt8(ascii: "a"): self.init(number: number, content: .memberAdded(userID: user))
        case UInt8(ascii: "r"): self.init(number: number, content: .memberRemoved(userID: user))
        case UInt8(ascii: "m"): self.init(number: number, content: .cacheMiss)
        default: return nil
        }
    }
}

extension PresenceMember {
    /// Understands an entry of the users: the number of nodes, a space, and the info.
    fileprivate init?(user: RESPValue, entry: RESPValue) {
        guard let userID = user.text, let entry = entry.bytes, let space = entry.firstIndex(of: UInt8(ascii: " "))
        else { return nil }
        let info = entry[(space + 1)...]
        self.init(userID: userID, userInfo: info.isEmpty ? nil : Array(info))
    }
}

extension RetainedValue {
    /// Understands a value and the milliseconds that it still has; `nil` where there is none.
    init?(value: RESPValue, milliseconds: RESPValue) {
        guard let bytes = value.bytes else { return nil }
        self.init(bytes: ByteBuffer(bytes: bytes), remaining: .milliseconds(max(milliseconds.integer ?? 0, 0)))
    }
}
