extension ManualClock {
    /// This clock's time as instants of the continuous clock, for code that takes a closure.
    package var continuousNow: @Sendable () -> ContinuousClock.Instant {
        let origin = ContinuousClock.now
        return { [self] in origin + now.offset }
    }
}
