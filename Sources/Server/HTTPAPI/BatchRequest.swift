package import NIOCore
import PusherProtocol
package import ServerCore

/// The events of `POST /batch_events`; everything in them has been checked, so that all are published or none.
package struct BatchRequest: Sendable, Equatable {
    /// The events, each with exactly one channel, in the order given.
    package var events: [PublishRequest]

    /// Reads a body: `{"batch":[{"name":…,"channel":…,"data":…},…]}`.
    ///
    /// - Parameters:
    ///   - body: the whole body.
    ///   - limits: the app's limits.
    ///   - maxKeyBytes: the longest idempotency key.
    /// - Throws: status 400 for what is malformed, missing or too many, 413 for too much data in one event.
    package init(
        body: ByteBuffer,
        limits: AppLimits,
        maxKeyBytes: Int = PublishRequest.defaultMaxKeyBytes
    ) throws(HTTPFailure) {
        let batch = try BatchFields.read(body, limit: limits.maxBatchEvents)
        guard let count = batch.count else { throw .badRequest("Missing required parameter: batch") }
        guard count <= limits.maxBatchEvents else {
            throw .badRequest("Batch too large (\(count) > \(limits.maxBatchEvents))")
        }
        guard count > 0 else { throw .badRequest("The batch has no events") }
        events = []
        events.reserveCapacity(count)
        for var fields in batch.events {
            let event = try fields.request(body: body, limits: limits, maxKeyBytes: maxKeyBytes)
            guard event.channels.count == 1 else {
                throw .badRequest("An event of a batch has exactly one channel")
            }
            events.append(event)
        }
    }
}

/// The entries of a batch as they were found, checked as JSON only.
private struct BatchFields {
    /// The entries in the array; `nil` without an array.
    var count: Int?
    /// The entries up to the limit.
    var events: [EventFields] = []
    private var problem: String?

    static func read(_ body: ByteBuffer, limit: Int) throws(HTTPFailure) -> BatchFields {
        var batch = BatchFields()
        let outcome: Result<Void, JSONError> = body.withUnsafeReadableBytes { bytes in
            do throws(JSONError) {
                return .success(try batch.read(bytes, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = outcome { throw HTTPFailure(error) }
        if let problem = batch.problem { throw .badRequest(problem) }
        return batch
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        try scanner.beginObject()
        while let member = try scanner.nextMember() {
            guard member.key.equals("batch", in: bytes) else {
                try scanner.skipValue()
                continue
            }
            guard member.kind == .array else {
                problem = "batch must be an array"
                try scanner.skipValue()
                continue
            }
            try readEvents(&scanner, bytes, limit: limit)
        }
        try scanner.finish()
    }

    private mutating func readEvents(
        _ scanner: inout JSONScanner,
        _ bytes: UnsafeRawBufferPointer,
        limit: Int
    ) throws(JSONError) {
        var found = 0
        events = []
        try scanner.beginArray()
        while let kind = try scanner.nextElement() {
            found += 1
            if kind != .object {
                problem = "Every event of a batch must be an object"
                try scanner.skipValue()
            } else if found > limit {
                try scanner.skipValue()
            } else {
                var fields = EventFields()
                // One channel is right; a second is kept to be refused.
                try fields.read(&scanner, bytes, channelLimit: 2)
                events.append(fields)
            }
        }
        count = found
    }
}
