import CCurl

/// Drives one multi handle: starts transfers as their turn comes, and hands out what is done.
///
/// Threading: made by the client, then used on the loop thread only.
@safe final class CurlLoop {
    private let multi: UnsafeMutableRawPointer
    private let mailbox: CurlMailbox
    private let configuration: CurlHTTPConfiguration
    private var queue: FairQueue<String, Submission>
    /// The transfers in the multi handle by the addresses of their easy handles.
    private var active: [UInt: (submission: Submission, transfer: CurlTransfer)] = [:]
    private var addresses: [UInt64: UInt] = [:]
    /// The earliest deadline among the waiting; earlier than that, nothing waiting can be late.
    private var nextDeadline: ContinuousClock.Instant?
    private let clock = ContinuousClock()

    init(multi: UnsafeMutableRawPointer, mailbox: CurlMailbox, configuration: CurlHTTPConfiguration) {
        unsafe self.multi = multi
        self.mailbox = mailbox
        self.configuration = configuration
        queue = FairQueue(maxOutPerKey: configuration.maxConnectionsPerHost)
    }

    /// Works until the mailbox is closed; then every request has ended and the handles are gone.
    func run() {
        while true {
            let delivery = mailbox.take()
            for submission in delivery.submissions {
                enqueue(submission)
            }
            guard !delivery.isClosing else { break }
            cancel(delivery.cancellations)
            expire()
            start()
            while perform() {
                // Slots are free: what waits must not wait for the next poll.
                start()
            }
            wait()
        }
        endAll()
    }

    private func enqueue(_ submission: Submission) {
        queue.append(submission, for: submission.url.origin)
        nextDeadline = min(nextDeadline ?? submission.deadline, submission.deadline)
    }

    private func cancel(_ ids: [UInt64]) {
        guard !ids.isEmpty else { return }
        let error = HTTPTransportError(.cancelled, "the request was cancelled")
        var waiting: Set<UInt64> = []
        for id in ids {
            if let address = addresses[id] {
                finish(address, with: .failure(error))
            } else {
                waiting.insert(id)
            }
        }
        guard !waiting.isEmpty else { return }
        for submission in queue.removeWaiting(where: { waiting.contains($0.id) }) {
            complete(submission, with: .failure(error))
        }
    }

    /// Ends requests whose time passed before their turn came.
    private func expire() {
        let now = clock.now
        guard let deadline = nextDeadline, deadline <= now else { return }
        nextDeadline = nil
        var earliest: ContinuousClock.Instant?
        let late = queue.removeWaiting { submission in
            guard submission.deadline > now else { return true }
            earliest = min(earliest ?? submission.deadline, submission.deadline)
            return false
        }
        nextDeadline = earliest
        for submission in late {
            complete(submission, with: .failure(HTTPTransportError(.timeout, "the time was over in the queue")))
        }
    }

    private func start() {
        while active.count < configuration.maxInFlight, let submission = queue.next() {
            do throws(HTTPTransportError) {
                let transfer = try CurlTransfer(
                    submission,
                    remaining: clock.now.duration(to: submission.deadline),
                    configuration: configuration
                )
                let code = unsafe curl_multi_add_handle(multi, transfer.handle)
                guard code == CURLM_OK else {
                    throw HTTPTransportError(.failed, unsafe String(cString: curl_multi_strerror(code)))
                }
                active[transfer.address] = (submission, transfer)
                addresses[submission.id] = transfer.address
            } catch {
                queue.finish(submission.url.origin)
                complete(submission, with: .failure(error))
            }
        }
    }

    /// Lets libcurl work and says whether transfers finished.
    private func perform() -> Bool {
        var running: Int32 = 0
        _ = unsafe curl_multi_perform(multi, &running)
        var result = CURLE_OK
        var hasFinished = false
        while let handle = unsafe martlet_curl_multi_next_done(multi, &result) {
            hasFinished = true
            let address = UInt(bitPattern: handle)
            guard let transfer = active[address]?.transfer else { continue }
            finish(address, with: transfer.result(result))
        }
        return hasFinished
    }

    private func wait() {
        var milliseconds = Int32(60_000)
        if let nextDeadline {
            // Rounded up, or the loop would spin through the last millisecond.
            let remaining = clock.now.duration(to: nextDeadline).wholeMilliseconds + 1
            milliseconds = Int32(clamping: min(Int(milliseconds), max(0, remaining)))
        }
        _ = unsafe curl_multi_poll(multi, nil, 0, milliseconds, nil)
    }

    private func finish(_ address: UInt, with result: Submission.Result) {
        guard let (submission, transfer) = active.removeValue(forKey: address) else { return }
        addresses[submission.id] = nil
        _ = unsafe curl_multi_remove_handle(multi, transfer.handle)
        queue.finish(submission.url.origin)
        complete(submission, with: result)
    }

    private func complete(_ submission: Submission, with result: Submission.Result) {
        mailbox.finished()
        submission.complete(result)
    }

    private func endAll() {
        let error = HTTPTransportError(.closed, "the HTTP client was shut down")
        for address in Array(active.keys) {
            finish(address, with: .failure(error))
        }
        for submission in queue.removeWaiting(where: { _ in true }) {
            complete(submission, with: .failure(error))
        }
        mailbox.withdrawMulti()
        _ = unsafe curl_multi_cleanup(multi)
        mailbox.markStopped()
    }
}
