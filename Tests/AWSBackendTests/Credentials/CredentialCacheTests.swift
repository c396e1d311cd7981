import FoundationEssentials
import Synchronization
import TestSupport
import Testing

@testable import AWSBackend

@Suite("The cache of credentials", .timeLimit(.minutes(1)))
struct CredentialCacheTests {
    /// A source whose answers a test decides.
    private final class Source: CredentialProvider {
        let name = "source"
        let calls = Recorder<Int>()
        private let answer: @Sendable (Int) async throws(CredentialFailure) -> AWSCredentials

        init(_ answer: @escaping @Sendable (Int) async throws(CredentialFailure) -> AWSCredentials) {
            self.answer = answer
        }

        func credentials() async throws(CredentialFailure) -> AWSCredentials {
            let number = calls.elements.count + 1
            calls.record(number)
            return try await answer(number)
        }
    }

    private static func key(_ number: Int, until end: Date?) -> AWSCredentials {
        AWSCredentials(accessKeyID: "K\(number)", secretAccessKey: "s", sessionToken: "t", expiration: end)
    }

    private static let refusal = CredentialFailure(isAbsent: false, description: "no")

    @Test("many callers share one fetch and its outcome")
    func singleFlight() async throws {
        let gate = Gate()
        let source = Source { number in
            await gate.pass()
            return Self.key(number, until: nil)
        }
        let cache = CredentialCache(provider: source, environment: .test())
        let keys = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 {
                group.addTask { try await cache.credentials().accessKeyID }
            }
            await source.calls.wait(for: 1)
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(keys == Array(repeating: "K1", count: 50))
        #expect(source.calls.elements == [1])
    }

    @Test("a failed fetch without older credentials fails for all and is tried again by the next")
    func failure() async throws {
        let time = TestTime()
        let source = Source { number throws(CredentialFailure) in
            guard number > 1 else { throw Self.refusal }
            return Self.key(number, until: nil)
        }
        let cache = CredentialCache(provider: source, environment: .test(time: time))
        await #expect { try await cache.credentials() } throws: { ($0 as? AWSError)?.kind == .credentials }
        #expect(try await cache.credentials().accessKeyID == "K2")
    }

    @Test("an hour of short-lived keys never hands out one that has ended")
    func hour() async throws {
        let time = TestTime()
        let source = Source { Self.key($0, until: time.now.addingTimeInterval(900)) }
        let cache = CredentialCache(provider: source, environment: .test(time: time))
        for _ in 0..<3600 {
            let credentials = try await cache.credentials()
            #expect(try #require(credentials.expiration) > time.now)
            time.advance(1)
        }
        // Each lives 900 seconds and is replaced 300 before its end.
        #expect(source.calls.elements.count == 6)
    }

    @Test("a failed renewal leaves the key in use until its end")
    func keptThroughFailure() async throws {
        let time = TestTime()
        let isDown = Mutex(false)
        let source = Source { number throws(CredentialFailure) in
            guard !isDown.withLock({ $0 }) else { throw Self.refusal }
            return Self.key(number, until: time.now.addingTimeInterval(900))
        }
        let cache = CredentialCache(provider: source, environment: .test(time: time))
        _ = try await cache.credentials()
        isDown.withLock { $0 = true }
        time.advance(601)
        for _ in 0..<298 {
            #expect(try await cache.credentials().accessKeyID == "K1")
            time.advance(1)
        }
        // Every five seconds, not at every call.
        #expect(source.calls.elements.count == 61)
        time.advance(5)
        await #expect(throws: AWSError.self) { try await cache.credentials() }
        isDown.withLock { $0 = false }
        #expect(try await cache.credentials().expiration ?? .distantPast > time.now)
    }

    @Test("while one caller renews, the others go on with the old key")
    func renewalBlocksNobody() async throws {
        let time = TestTime()
        let gate = Gate()
        let source = Source { number in
            if number > 1 { await gate.pass() }
            return Self.key(number, until: time.now.addingTimeInterval(900))
        }
        let cache = CredentialCache(provider: source, environment: .test(time: time))
        _ = try await cache.credentials()
        time.advance(700)
        async let renewed = cache.credentials()
        await source.calls.wait(for: 2)
        #expect(try await cache.credentials().accessKeyID == "K1")
        gate.open()
        #expect(try await renewed.accessKeyID == "K2")
    }

    @Test("a refused key is replaced, but not faster than every few seconds")
    func rejection() async throws {
        let time = TestTime()
        let source = Source { Self.key($0, until: nil) }
        let cache = CredentialCache(provider: source, environment: .test(time: time))
        let first = try await cache.credentials()
        await cache.reject(first)
        let second = try await cache.credentials()
        #expect(second.accessKeyID == "K2")
        await cache.reject(first)
        #expect(try await cache.credentials().accessKeyID == "K2")
        await cache.reject(second)
        #expect(try await cache.credentials().accessKeyID == "K2")
        time.advance(6)
        await cache.reject(second)
        #expect(try await cache.credentials().accessKeyID == "K3")
    }

    @Test("while a refused key is replaced, nobody is given it")
    func rejectionIsAwaited() async throws {
        let gate = Gate()
        let source = Source { number in
            if number > 1 { await gate.pass() }
            return Self.key(number, until: nil)
        }
        let cache = CredentialCache(provider: source, environment: .test())
        let first = try await cache.credentials()
        await cache.reject(first)
        async let leader = cache.credentials()
        await source.calls.wait(for: 2)
        await cache.reject(first)
        async let follower = cache.credentials()
        gate.open()
        #expect(try await leader.accessKeyID == "K2")
        #expect(try await follower.accessKeyID == "K2")
    }

    @Test("a cancelled fetch is taken over by a caller that waits")
    func takeOver() async throws {
        let source = Source { number throws(CredentialFailure) in
            guard number == 1 else { return Self.key(number, until: nil) }
            while !Task.isCancelled { await Task.yield() }
            var failure = Self.refusal
            failure.isCancelled = true
            throw failure
        }
        let cache = CredentialCache(provider: source, environment: .test())
        let first = Task { try await cache.credentials() }
        await source.calls.wait(for: 1)
        async let second = cache.credentials()
        first.cancel()
        #expect(try await second.accessKeyID == "K2")
        await #expect { try await first.value } throws: { ($0 as? AWSError)?.kind == .cancelled }
    }
}
