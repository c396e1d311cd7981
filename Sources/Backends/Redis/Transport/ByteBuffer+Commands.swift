import NIOCore

extension ByteBuffer {
    /// Appends a command as an array of bulk strings.
    mutating func writeCommand(_ name: StaticString, _ arguments: [ByteBuffer]) {
        reserveCapacity(minimumWritableBytes: arguments.reduce(32) { $0 + $1.readableBytes + 16 })
        writeCommandStart(name, arguments: arguments.count)
        for argument in arguments {
            writeArgument(argument)
        }
    }

    /// Appends the head of a command, whose arguments follow.
    mutating func writeCommandStart(_ name: StaticString, arguments: Int) {
        writeStaticString("*")
        writeString(String(arguments + 1))
        writeStaticString("\r\n$")
        writeString(String(name.utf8CodeUnitCount))
        writeStaticString("\r\n")
        writeStaticString(name)
        writeStaticString("\r\n")
    }

    /// Appends one argument of a command.
    mutating func writeArgument(_ argument: ByteBuffer) {
        writeStaticString("$")
        writeString(String(argument.readableBytes))
        writeStaticString("\r\n")
        writeImmutableBuffer(argument)
        writeStaticString("\r\n")
    }

    /// Appends one argument of a command.
    mutating func writeArgument(_ argument: String) {
        writeStaticString("$")
        writeString(String(argument.utf8.count))
        writeStaticString("\r\n")
        writeString(argument)
        writeStaticString("\r\n")
    }
}
