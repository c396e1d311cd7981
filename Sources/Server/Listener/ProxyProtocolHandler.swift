import NIOCore

/// Reads the PROXY protocol header, version 2, that a load balancer puts in front of every connection, and reports the
/// client's address (HAProxy, "The PROXY protocol", §2.2; AWS NLB "Proxy protocol").
///
/// A connection that does not start with one is closed: it did not come through the load balancer.
/// Threading: its channel's event loop only.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var received = ByteBuffer()
    private let onAddress: (String) -> Void

    /// Makes a handler that calls the closure with the client's address before it passes on the first byte.
    init(onAddress: @escaping (String) -> Void) {
        self.onAddress = onAddress
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        do {
            guard let header = try ProxyHeader(readingFrom: &received) else { return }
            if let address = header.clientAddress {
                onAddress(address)
            }
            if received.readableBytes > 0 {
                context.fireChannelRead(wrapInboundOut(received))
            }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}

/// A PROXY protocol header of version 2.
struct ProxyHeader: Equatable {
    /// The client's address; `nil` for the load balancer's own health checks and unknown families.
    var clientAddress: String?

    /// The bytes are not a header of version 2.
    struct Malformed: Error, Equatable {}

    private static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
    /// Addresses take at most 216 bytes; the rest are extensions, which no load balancer makes longer than this.
    private static let maxLength = 2048

    /// Takes the header off the front of a buffer; `nil`, with nothing taken, until it is complete.
    init?(readingFrom buffer: inout ByteBuffer) throws(Malformed) {
        let start = buffer.readableBytesView.prefix(Self.signature.count)
        guard Self.signature.starts(with: start) else { throw Malformed() }
        let fixed = buffer.readerIndex + Self.signature.count
        guard let command = buffer.getInteger(at: fixed, as: UInt8.self),
            let family = buffer.getInteger(at: fixed + 1, as: UInt8.self),
            let length = buffer.getInteger(at: fixed + 2, as: UInt16.self)
        else { return nil }
        guard command == 0x20 || command == 0x21, Int(length) <= Self.maxLength else { throw Malformed() }
        guard buffer.readableBytes >= Self.signature.count + 4 + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: Self.signature.count + 4)
        guard let addresses = buffer.readSlice(length: Int(length)) else { throw Malformed() }
        // 0x20 is LOCAL: the load balancer speaks for itself.
        clientAddress = command == 0x21 ? try Self.source(in: addresses, family: family) : nil
    }

    private static func source(in addresses: ByteBuffer, family: UInt8) throws(Malformed) -> String? {
        let count: Int
        switch family >> 4 {
        case 1: count = 4
        case 2: count = 16
        default: return nil
        }
        guard addresses.readableBytes >= count * 2 + 4,
            let bytes = addresses.getSlice(at: addresses.readerIndex, length: count)
        else { throw Malformed() }
        do {
            return try SocketAddress(packedIPAddress: bytes, port: 0).ipAddress
        } catch {
            throw Malformed()
        }
    }
}
