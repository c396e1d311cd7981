import CCurl
import Glibc
import Synchronization

/// The HTTP client of this server: one libcurl multi handle on a thread of its own, with kept-alive connections.
///
/// Origins (scheme, host and port) take turns, each with at most `maxConnectionsPerHost` transfers, so a slow one
/// holds up only itself as long as `maxInFlight` is larger. Call `shutdown()` before the last reference goes.
///
/// Threading: any task. Errors as in `HTTPTransport`.
@safe package final class CurlHTTPClient: HTTPTransport {
    private let mailbox: CurlMailbox
    /// The thread until somebody joins it.
    private let thread: Mutex<pthread_t?>

    /// Starts the loop thread; throws `.failed` when the library or the system has no resources.
    package init(configuration: CurlHTTPConfiguration = CurlHTTPConfiguration()) throws(HTTPTransportError) {
        guard Self.isLibraryReady, let multi = unsafe curl_multi_init() else {
            throw HTTPTransportError(.failed, "libcurl could not be initialised")
        }
        _ = unsafe martlet_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.maxIdleConnections)
        let mailbox = unsafe CurlMailbox(
            multi: multi,
            maxOutstanding: configuration.maxInFlight + configuration.maxQueued
        )
        self.mailbox = mailbox
        let loop = unsafe CurlLoop(multi: multi, mailbox: mailbox, configuration: configuration)
        guard let started = Self.startThread(loop) else {
            _ = unsafe curl_multi_cleanup(multi)
            throw HTTPTransportError(.failed, "no thread could be started for the HTTP client")
        }
        thread = Mutex(started)
    }

    deinit {
        mailbox.close()
        if let thread = thread.withLock({ $0 }) {
            pthread_detach(thread)
        }
    }

    /// Requests that were taken and are not finished.
    package var outstanding: Int {
        mailbox.outstanding
    }

    package func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        try request.validate()
        let url = try ParsedURL(request.url)
        let deadline = ContinuousClock.now + request.timeout
        let id = mailbox.nextID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let submission = Submission(
                    id: id,
                    request: request,
                    url: url,
                    deadline: deadline,
                    continuation: continuation
                )
                if let refusal = mailbox.submit(submission) {
                    submission.complete(.failure(refusal))
                } else if Task.isCancelled {
                    // The handler may have run before the submission was there.
                    mailbox.cancel(id)
                }
            }
        } onCancel: {
            mailbox.cancel(id)
        }
        return try result.get()
    }

    /// Ends all requests with `.closed`, closes all connections and joins the thread; later calls wait for the same.
    package func shutdown() async {
        mailbox.close()
        await mailbox.waitUntilStopped()
        let joinable = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let joinable {
            // Does not block: the thread has nothing left to do but return.
            pthread_join(joinable, nil)
        }
    }

    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private static func startThread(_ loop: CurlLoop) -> pthread_t? {
        let context = unsafe Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread,
            nil,
            { context in
                if let context = unsafe context {
                    blockSignals()
                    unsafe Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            },
            context.toOpaque()
        )
        guard status == 0 else {
            unsafe context.release()
            return nil
        }
        return thread
    }
}

/// Leaves signals to the process's other threads; OpenSSL writes to sockets in a way that can raise SIGPIPE.
private func blockSignals() {
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
}
