import ServerCore

/// What a look for jobs found.
struct RedisJobClaim {
    var jobs: [LeasedJob] = []
    /// The time until a delay or a lease ends.
    var due: Duration?
    /// Whether more jobs are probably ready.
    var hasMore: Bool

    /// Understands the claim script's answer, or returns `nil`.
    init?(_ reply: RESPValue) {
        guard let parts = reply.elements, parts.count == 3, let due = parts[0].integer, let ready = parts[1].integer,
            let claimed = parts[2].elements, claimed.count.isMultiple(of: 3)
        else { return nil }
        self.due = due < 0 ? nil : .milliseconds(due)
        hasMore = ready > 0
        for index in stride(from: 0, to: claimed.count, by: 3) {
            guard let id = claimed[index].text, let payload = claimed[index + 1].bytes,
                let attempt = claimed[index + 2].integer
            else { return nil }
            jobs.append(LeasedJob(id: id, payload: payload, attempt: Int(attempt), receipt: String(attempt)))
        }
    }
}
