/// Deletes messages in batches: what comes while a request is under way goes with the next one.
///
/// Nobody waits for company: the first caller sends its own at once, and whoever waits longest after it sends for up to
/// ten.
actor SQSDeleter {
    private struct Waiter {
        var receipt: String
        var continuation: CheckedContinuation<Turn, Never>
    }

    /// What a caller that waited is told.
    private enum Turn {
        /// It was deleted by another caller, or was not.
        case done(AWSError?)
        /// It is to send now.
        case send
    }

    private let client: SQSClient
    private let maxSenders: Int
    private var senders = 0
    private var waiters: [Waiter] = []

    init(client: SQSClient, maxSenders: Int) {
        self.client = client
        self.maxSenders = maxSenders
    }

    /// Deletes one message.
    func delete(_ receipt: String, url: String) async throws(AWSError) {
        if senders >= maxSenders {
            let turn = await withCheckedContinuation { waiters.append(Waiter(receipt: receipt, continuation: $0)) }
            if case .done(let error) = turn {
                if let error { throw error }
                return
            }
        } else {
            senders += 1
        }
        let company = Array(waiters.prefix(SQSBatches.maxEntries - 1))
        waiters.removeFirst(company.count)
        let errors = await send([receipt] + company.map(\.receipt), url: url)
        for (waiter, error) in zip(company, errors.dropFirst()) {
            waiter.continuation.resume(returning: .done(error))
        }
        passOn()
        if let error = errors.first ?? nil { throw error }
    }

    /// Lets the next caller send, or frees the place.
    private func passOn() {
        guard !waiters.isEmpty else {
            senders -= 1
            return
        }
        waiters.removeFirst().continuation.resume(returning: .send)
    }

    /// Sends one batch and tells the outcome of each.
    private func send(_ receipts: [String], url: String) async -> [AWSError?] {
        do throws(AWSError) {
            let failures = try await client.send(.delete(url: url, receipts: receipts)).failures
            var errors = [AWSError?](repeating: nil, count: receipts.count)
            for failure in failures where errors.indices.contains(failure.index) {
                var error = AWSError(failure.isSenderFault ? .refused : .unavailable, "a message was not deleted")
                error.serviceCode = failure.code
                errors[failure.index] = error
            }
            return errors
        } catch {
            return Array(repeating: error, count: receipts.count)
        }
    }
}
