import NIOCore

/// One command as it goes to a server.
package struct RedisCommand: Sendable {
    /// The name and the arguments, any bytes.
    var words: [[UInt8]]
    /// The key that says which node of a cluster serves the command; `nil` if any node does.
    var key: [UInt8]?
    /// Whether doing the command twice is as good as once, so that it may be sent again when a connection was lost.
    var isRepeatable = false
    /// Whether the reply is waited for although the caller is cancelled, because it says what was taken.
    var outlivesCancellation = false

    /// Makes a command of words.
    package init(_ words: String..., key: String? = nil, isRepeatable: Bool = false) {
        self.words = words.map { Array($0.utf8) }
        self.key = key.map { Array($0.utf8) }
        self.isRepeatable = isRepeatable
    }

    /// Makes a command of words that may be any bytes.
    package init(words: [[UInt8]], key: [UInt8]?, isRepeatable: Bool = false) {
        self.words = words
        self.key = key
        self.isRepeatable = isRepeatable
    }

    /// The name, for messages; arguments may be secret.
    var name: String {
        String(decoding: words.first ?? [], as: UTF8.self)
    }

    /// The size of the words, roughly that on the wire.
    var byteCount: Int {
        words.reduce(0) { $0 + $1.count + 16 }
    }

    /// Appends the command as an array of bulk strings.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("*")
        buffer.writeString(String(words.count))
        buffer.writeStaticString("\r\n")
        for word in words {
            buffer.writeStaticString("$")
            buffer.writeString(String(word.count))
            buffer.writeStaticString("\r\n")
            buffer.writeBytes(word)
            buffer.writeStaticString("\r\n")
        }
    }
}
