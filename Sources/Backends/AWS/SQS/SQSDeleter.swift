/// Deletes messages in batches of up to ten.
///
/// The first caller waits a moment for others and sends for them too; the tenth does not wait. Nothing depends on a
/// message being deleted at once: until then it is invisible, and a process that ends first leaves it to come again.
actor SQSDeleter {
    private struct Waiter {
        var receipt: String
        var continuation: CheckedContinuation<AWSError?, Never>
    }

    private let client: SQSClient
    private let gathering: Duration
    private let environment: AWSEnvironment
    private var isGathering = false
    private var waiters: [Waiter] = []

    /// Makes a deleter whose batches are gathered for so long.
    init(client: SQSClient, gathering: Duration, environment: AWSEnvironment) {
        self.client = client
        self.gathering = gathering
        self.environment = environment
    }

    /// Deletes one message.
    func delete(_ receipt: String, url: String) async throws(AWSError) {
        if isGathering {
            guard waiters.count + 1 == SQSBatches.maxEntries else {
                let error = await withCheckedContinuation {
                    waiters.append(Waiter(receipt: receipt, continuation: $0))
                }
                if let error { throw error }
                return
            }
        } else {
            isGathering = true
            do {
                try await environment.sleep(gathering)
            } catch {
                // Cancelled: what is gathered goes out now or fails by itself.
            }
            isGathering = false
        }
        let company = waiters
        waiters = []
        let errors = await send([receipt] + company.map(\.receipt), url: url)
        for (waiter, error) in zip(company, errors.dropFirst()) {
            waiter.continuation.resume(returning: error)
        }
        if let error = errors.first ?? nil { throw error }
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
