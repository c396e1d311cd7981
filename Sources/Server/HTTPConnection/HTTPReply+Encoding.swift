import NIOCore
import NIOHTTP1

extension HTTPReply {
    /// The response as it goes over the wire (RFC 9112).
    func encode(isKeptAlive: Bool, omitsBody: Bool, date: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        write(to: &buffer, isKeptAlive: isKeptAlive, omitsBody: omitsBody, date: date)
        return buffer
    }

    /// Appends the response as it goes over the wire (RFC 9112).
    func write(to buffer: inout ByteBuffer, isKeptAlive: Bool, omitsBody: Bool, date: String) {
        var fieldBytes = 0
        for (name, value) in headers { fieldBytes += name.utf8.count + value.utf8.count + 4 }
        let reason = status == .ok ? "OK" : status.reasonPhrase
        let type = contentType ?? ""
        let bodyBytes = body.readableBytes
        // The fixed texts and the numbers take less than the constant.
        let bound = 192 + reason.utf8.count + date.utf8.count + type.utf8.count + fieldBytes + bodyBytes
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
            var writer = HeadWriter(target)
            writer.write("HTTP/1.1 ")
            writer.write(Int(status.code))
            writer.write(" ")
            writer.write(reason)
            writer.write("\r\nDate: ")
            writer.write(date)
            if contentType != nil {
                writer.write("\r\nContent-Type: ")
                writer.write(type)
            }
            for (name, value) in headers {
                writer.write("\r\n")
                writer.write(name)
                writer.write(": ")
                writer.write(value)
            }
            // RFC 9110 §8.6: no length where there can be no body.
            if status != .noContent {
                writer.write("\r\nContent-Length: ")
                writer.write(bodyBytes)
            }
            writer.write(isKeptAlive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n")
            if !omitsBody {
                body.withUnsafeReadableBytes { writer.write($0) }
            }
            return writer.count
        }
    }
}

/// Fills memory that is known to be large enough, from front to back.
private struct HeadWriter {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ target: UnsafeMutableRawBufferPointer) {
        self.target = target
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: target[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// A number that is not negative, in decimal.
    mutating func write(_ number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            target[count] = UInt8(ascii: "0") + UInt8(number / divisor % 10)
            count += 1
            divisor /= 10
        }
    }
}
