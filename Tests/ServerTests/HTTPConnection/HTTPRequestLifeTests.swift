import NIOCore
import Testing

@testable import Server

/// Checks how long an HTTP connection may stand where.
@Suite struct HTTPRequestLifeTests {
    private static func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    private static var limits: RequestLimits {
        var limits = RequestLimits()
        limits.maxBodyBytes = 10
        return limits
    }

    private var life = HTTPRequestLife(limits: limits, now: at(0))

    @Test("each phase has its deadline and its end")
    func walks() {
        var life = life
        #expect(life.phase == .readingHead && life.deadline == Self.at(10) && life.expiry == .timeOut)
        let takesHead = life.receivedHead(contentLength: 10, now: Self.at(1))
        #expect(takesHead && life.phase == .readingBody && life.deadline == Self.at(31) && life.expiry == .timeOut)
        life.receivedEnd()
        #expect(life.phase == .answering && life.deadline == nil)
        life.answered(now: Self.at(5))
        #expect(life.phase == .idle && life.deadline == Self.at(80) && life.expiry == .close)
        life.receivedBytes(now: Self.at(6))
        #expect(life.phase == .readingHead && life.deadline == Self.at(16))
        life.receivedBytes(now: Self.at(9))
        #expect(life.deadline == Self.at(16))
        life.linger(now: Self.at(20))
        #expect(life.phase == .lingering && life.deadline == Self.at(22) && life.expiry == .close)
        life.upgrade()
        #expect(life.phase == .upgraded && life.deadline == nil)
    }

    @Test("a body beyond the limit is refused, declared or not")
    func limitsBody() {
        var life = life
        let isDeclaredTooLarge = !life.receivedHead(contentLength: 11, now: Self.at(0))
        let takesUndeclared = life.receivedHead(contentLength: nil, now: Self.at(0))
        let takesFirst = life.receivedBody(10)
        let takesSecond = life.receivedBody(1)
        #expect(isDeclaredTooLarge && takesUndeclared && takesFirst && !takesSecond)
        let takesNext = life.receivedHead(contentLength: nil, now: Self.at(0)) && life.receivedBody(10)
        #expect(takesNext)
    }
}
