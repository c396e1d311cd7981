import NIOCore
import TestSupport
import Testing

@testable import Server

/// Checks what depends on the loop's clock of whole seconds.
@Suite struct ConnectionClockTests {
    @Test("silence is probed once, and an unanswered probe ends the connection")
    func probes() {
        var state = LivenessState(now: 10)
        func tick(_ now: UInt32) -> LivenessState.Action { state.tick(now: now, activityTimeout: 120, pongTimeout: 30) }
        #expect(tick(130) == .none)
        #expect(tick(131) == .probe)
        #expect(tick(132) == .none)
        #expect(tick(160) == .none)
        #expect(tick(161) == .close)
        state.heard(now: 161)
        #expect(tick(281) == .none)
        #expect(tick(282) == .probe)
        state.heard(now: 283)
        #expect(tick(320) == .none)
    }

    @Test("a counter admits so many in a window, and a new window starts with a message")
    func counts() {
        var counter = MessageCounter()
        func admits(_ now: UInt32) -> Bool { counter.admits(limit: 3, windowSeconds: 2, now: now) }
        #expect((0..<5).map { _ in admits(0) } == [true, true, true, false, false])
        #expect(!admits(1))
        #expect(admits(2))
        #expect(admits(100))
        #expect(admits(101) && admits(101) && !admits(101))
        var none = MessageCounter()
        let isAdmitted = none.admits(limit: 0, windowSeconds: 1, now: 0)
        #expect(!isAdmitted)
    }

    @Test(
        "dates are written as HTTP writes them",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ]
    )
    func writesDates(_ seconds: Int, _ text: String) {
        #expect(HTTPDate.text(secondsSince1970: seconds) == text)
    }
}
