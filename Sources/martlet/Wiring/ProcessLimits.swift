import Glibc

/// What the process asks of its system before it serves.
enum ProcessLimits {
    /// Takes all the descriptors that the system grants, and turns writes to closed pipes into errors.
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // A refusal leaves the limit as it was, which /metrics shows as process_max_fds.
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
