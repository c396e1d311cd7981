import Testing

@testable import Webhooks

@Suite("The age of the oldest job")
struct OldestJobTests {
    @Test("it is that of the oldest job received since the last question")
    func oldest() {
        let jobs = OldestJob()
        jobs.received(age: 20, at: 1000)
        jobs.received(age: 300, at: 1010)
        jobs.received(age: 5, at: 1020)
        #expect(jobs.age(whileWaiting: 0, at: 1100) == 390)
        jobs.received(age: 7, at: 2000)
        #expect(jobs.age(whileWaiting: 3, at: 2000) == 7)
    }

    @Test("it grows while jobs wait and none is received")
    func stalled() {
        let jobs = OldestJob()
        #expect(jobs.age(whileWaiting: 2, at: 1000) == 0)
        #expect(jobs.age(whileWaiting: 2, at: 11_000) == 10_000)
        #expect(jobs.age(whileWaiting: 2, at: 21_000) == 20_000)
        jobs.received(age: 22_000, at: 23_000)
        #expect(jobs.age(whileWaiting: 1, at: 23_000) == 22_000)
    }

    @Test("it is nothing when nothing waits")
    func empty() {
        let jobs = OldestJob()
        jobs.received(age: 50, at: 1000)
        #expect(jobs.age(whileWaiting: 0, at: 1000) == 50)
        #expect(jobs.age(whileWaiting: 0, at: 2000) == 0)
        #expect(jobs.age(whileWaiting: 1, at: 3000) == 0)
    }
}
