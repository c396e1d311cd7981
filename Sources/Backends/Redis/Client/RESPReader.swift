import CHiredis
import NIOCore

/// Decodes replies from the bytes of one connection, however they are cut.
///
/// Wraps one hiredis reader. What a server can make this process hold is bounded: an unfinished reply in bytes, an
/// array in elements; hiredis itself bounds the nesting. After an error the stream cannot be understood any more: the
/// reader throws from then on and its connection must be closed.
///
/// Threading: not safe, belongs to one connection's loop.
@safe final class RESPReader {
    /// The largest number of elements in one array.
    static let maxElements = 1 << 20

    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let maxReplyBytes: Int
    /// The bytes that came for the reply that is not complete yet, more or less.
    private var unfinishedBytes = 0
    private var failure: RedisError?

    /// Makes a reader; throws when there is no memory for one.
    init(maxReplyBytes: Int = 64 << 20) throws(RedisError) {
        guard let reader = unsafe redisReaderCreate() else {
            throw RedisError(.overloaded, "no memory for a reply reader")
        }
        unsafe self.reader = unsafe reader
        self.maxReplyBytes = maxReplyBytes
        // A copy of the library's functions stands in their place, with an array size that is checked before memory is
        // taken for it; the originals are found through the reader's private data.
        unsafe functions = .allocate(capacity: 2)
        guard let originals = unsafe reader.pointee.fn else {
            unsafe functions.deallocate()
            unsafe redisReaderFree(reader)
            throw RedisError(.overloaded, "no memory for a reply reader")
        }
        unsafe functions.initialize(repeating: originals.pointee, count: 2)
        unsafe functions[0].createArray = { task, count in
            guard let task = unsafe task, count <= RESPReader.maxElements,
                let originals = unsafe task.pointee.privdata?.assumingMemoryBound(to: redisReplyObjectFunctions.self)
            else { return nil }
            return unsafe originals.pointee.createArray?(task, count)
        }
        unsafe reader.pointee.fn = unsafe functions
        unsafe reader.pointee.privdata = UnsafeMutableRawPointer(functions + 1)
    }

    deinit {
        unsafe redisReaderFree(reader)
        unsafe functions.deallocate()
    }

    /// Takes in bytes that came.
    func feed(_ buffer: ByteBuffer) throws(RedisError) {
        if let failure { throw failure }
        let code = unsafe buffer.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return REDIS_OK }
            return unsafe redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard code == REDIS_OK else { throw fail() }
        unfinishedBytes += buffer.readableBytes
    }

    /// Takes out the next reply, or `nil` until more bytes come.
    func next() throws(RedisError) -> RESPValue? {
        if let failure { throw failure }
        var object: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else { throw fail() }
        guard let object = unsafe object else {
            guard unfinishedBytes <= maxReplyBytes else {
                throw fail("a reply is larger than \(maxReplyBytes) bytes")
            }
            return nil
        }
        defer { unsafe freeReplyObject(object) }
        unfinishedBytes = unsafe reader.pointee.len - reader.pointee.pos
        return unsafe Self.value(object.assumingMemoryBound(to: redisReply.self))
    }

    private func fail(_ message: String? = nil) -> RedisError {
        let error = RedisError(.malformed, "the reply cannot be understood: \(message ?? libraryMessage)")
        failure = error
        return error
    }

    private var libraryMessage: String {
        unsafe withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Copies a reply; hiredis allows seven levels of arrays, which bounds the recursion.
    private static func value(_ reply: UnsafeMutablePointer<redisReply>) -> RESPValue {
        let reply = unsafe reply.pointee
        switch unsafe reply.type {
        case REDIS_REPLY_INTEGER:
            return unsafe .integer(reply.integer)
        case REDIS_REPLY_STRING:
            return unsafe .bytes(bytes(reply))
        case REDIS_REPLY_STATUS:
            return unsafe .status(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            return unsafe .error(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            var elements: [RESPValue] = []
            unsafe elements.reserveCapacity(Int(reply.elements))
            for index in 0..<(unsafe Int(reply.elements)) {
                guard let element = unsafe reply.element[index] else { continue }
                elements.append(unsafe value(element))
            }
            return .array(elements)
        default:
            return .null
        }
    }

    private static func bytes(_ reply: redisReply) -> [UInt8] {
        guard let text = unsafe reply.str else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: Int(reply.len)))
    }
}
