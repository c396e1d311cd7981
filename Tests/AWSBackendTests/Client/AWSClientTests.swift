import AWSBackend
import CurlHTTP
import FoundationEssentials
import NIOCore
import ServerCore
import Synchronization
import TestSupport
import Testing

@Suite("The client", .timeLimit(.minutes(1)))
struct AWSClientTests {
    private struct FixedKeys: CredentialProvider {
        let name = "fixed"
        let fetch: @Sendable () -> AWSCredentials

        func credentials() async throws(CredentialFailure) -> AWSCredentials {
            fetch()
        }
    }

    private static let key = AWSCredentials(accessKeyID: "A", secretAccessKey: "S")

    private func client(
        _ endpoint: String,
        time: TestTime = TestTime(),
        keys: @escaping @Sendable () -> AWSCredentials = { key },
        limits change: (inout AWSClientSettings) -> Void = { _ in }
    ) throws -> AWSClient {
        var settings = AWSClientSettings()
        settings.attemptTimeout = .seconds(20)
        settings.callTimeout = .seconds(60)
        change(&settings)
        let environment = AWSEnvironment.test(time: time)
        return AWSClient(
            service: .dynamoDB,
            endpoint: try #require(AWSEndpoint(endpoint)),
            region: "eu-central-1",
            credentials: CredentialCache(provider: FixedKeys(fetch: keys), environment: environment),
            transport: try TestTransport.get(),
            settings: settings,
            environment: environment
        )
    }

    private let call = AWSCall(jsonTarget: "T", operation: "Op", body: Array("{}".utf8))

    /// Answers in turn, and with the last answer from then on.
    private static func inTurn(_ replies: [HTTPTestServer.Reply]) -> HTTPTestServer.Responder {
        let next = Mutex(0)
        return { _ in
            let index = next.withLock { next in
                defer { next += 1 }
                return next
            }
            return replies[min(index, replies.count - 1)]
        }
    }

    private static func failure(
        _ status: Int,
        _ code: String,
        _ headers: [(String, String)] = []
    ) -> HTTPTestServer.Reply {
        .respond(
            status: status,
            headers: headers,
            body: Array(#"{"__type":"com.amazonaws.x#\#(code)","message":"m"}"#.utf8)
        )
    }

    private func error(_ body: () async throws -> Void) async -> AWSError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? AWSError
        }
    }

    @Test("a call is signed, and nothing of the key but its id is sent")
    func signed() async throws {
        try await HTTPTestServer.with { server in
            let reply = try await client(server.url("/base")).send(call)
            #expect(reply.attempts == 1)
            let request = try #require(server.requests.elements.first)
            #expect(request.target == "/base/")
            #expect(request.values(of: "Host") == ["127.0.0.1:\(server.port)"])
            let authorization = try #require(request.values(of: "Authorization").first)
            #expect(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-target,"))
        }
    }

    @Test("throttling and failures of the service are tried again, after the pause that it asks for")
    func retried() async throws {
        let time = TestTime()
        let replies = [
            Self.failure(400, "ThrottlingException", [("Retry-After", "3")]), Self.failure(500, "InternalServerError"),
            .respond(status: 200),
        ]
        try await HTTPTestServer.with(responder: Self.inTurn(replies)) { server in
            let client = try client(server.url(""), time: time)
            #expect(try await client.send(call).attempts == 3)
            #expect(time.pauses.elements.first == .seconds(3))
        }
    }

    @Test("a throttled call ends after its attempts with the service's name of the error")
    func throttled() async throws {
        let reply = Self.failure(400, "ProvisionedThroughputExceededException", [("x-amzn-RequestId", "r-1")])
        try await HTTPTestServer.with(responder: Self.inTurn([reply])) { server in
            let client = try client(server.url(""))
            let error = await error { _ = try await client.send(call) }
            #expect(error?.kind == .throttled)
            #expect(error?.serviceCode == "ProvisionedThroughputExceededException")
            #expect(error?.requestID == "r-1")
            #expect(error?.attempts == 3)
            #expect(error?.backendError("x").code == .capacityExceeded)
            #expect(server.requests.elements.count == 3)
        }
    }

    @Test(
        "a broken or endless answer is tried again and then unavailable",
        arguments: ["reset", "close", "hang", "drip", "truncated"]
    )
    func transport(kind: String) async throws {
        let reply: HTTPTestServer.Reply =
            switch kind {
            case "reset": .reset
            case "close": .close
            case "hang": .hang
            case "drip": .drip(every: .milliseconds(20))
            default: .respond(status: 200, headers: [("Content-Length", "1000"), ("Connection", "close")], body: [1])
            }
        try await HTTPTestServer.with(responder: Self.inTurn([reply])) { server in
            let client = try client(
                server.url(""),
                limits: {
                    $0.maxAttempts = 2
                    $0.attemptTimeout = .milliseconds(300)
                }
            )
            let error = await error { _ = try await client.send(call) }
            #expect(error?.kind == .transport)
            #expect(error?.attempts == 2)
            #expect(error?.backendError("x").code == .unavailable)
        }
    }

    @Test("a host without an address and a port without a listener are unavailable, and say which it was")
    func unreachable() async throws {
        for (url, code) in [
            ("http://no-such-host.invalid", HTTPTransportError.Code.dns),
            ("http://127.0.0.1:\(FreePort.next())", .connect),
        ] {
            let client = try client(
                url,
                limits: {
                    $0.maxAttempts = 1
                    $0.attemptTimeout = .seconds(10)
                }
            )
            let error = await error { _ = try await client.send(call) }
            #expect(error?.kind == .transport)
            #expect((error?.underlying as? HTTPTransportError)?.code == code)
        }
    }

    @Test("an answer that is too large is cut off and not asked for again")
    func tooLarge() async throws {
        let reply = HTTPTestServer.Reply.respond(status: 200, body: [UInt8](repeating: 0x20, count: 5000))
        try await HTTPTestServer.with(responder: Self.inTurn([reply])) { server in
            var call = call
            call.maxResponseBytes = 4999
            let client = try client(server.url(""))
            let error = await error { _ = try await client.send(call) }
            #expect(error?.kind == .malformed)
            #expect(server.requests.elements.count == 1)
        }
    }

    @Test("the whole call keeps its deadline")
    func deadline() async throws {
        try await HTTPTestServer.with(responder: Self.inTurn([.hang])) { server in
            let client = try client(
                server.url(""),
                limits: {
                    $0.maxAttempts = 1000
                    $0.attemptTimeout = .milliseconds(300)
                    $0.callTimeout = .milliseconds(700)
                }
            )
            let error = await error { _ = try await client.send(call) }
            #expect(error?.kind == .transport)
            #expect(server.requests.elements.count <= 3)
        }
    }

    @Test("a wrong clock is corrected from the answer, for this call and the next")
    func clockSkew() async throws {
        let time = TestTime()
        let date = ("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
        let responder: HTTPTestServer.Responder = { request in
            request.values(of: "X-Amz-Date").first?.hasPrefix("20260101T0000") == true
                ? .respond(status: 200) : Self.failure(400, "InvalidSignatureException", [date])
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let client = try client(server.url(""), time: time, limits: { $0.maxAttempts = 1 })
            #expect(try await client.send(call).attempts == 2)
            time.advance(30)
            #expect(try await client.send(call).attempts == 1)
        }
    }

    @Test("a wrong signature with a right clock is not sent again")
    func wrongSignature() async throws {
        let time = TestTime()
        let responder: HTTPTestServer.Responder = { _ in
            // 1790000000 is this time; the test's clock stands there.
            Self.failure(403, "SignatureDoesNotMatch", [("Date", "Mon, 21 Sep 2026 14:13:20 GMT")])
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let client = try client(server.url(""), time: time)
            let error = await error { _ = try await client.send(call) }
            #expect(error?.kind == .denied)
            #expect(error?.attempts == 1)
            #expect(error?.backendError("x").code == .rejected)
        }
    }

    @Test("keys replaced under load do not fail a single call")
    func rotation() async throws {
        let generation = Mutex(1)
        let refusals = Recorder<Void>()
        let responder: HTTPTestServer.Responder = { request in
            let current = generation.withLock { $0 }
            let isCurrent = request.values(of: "Authorization").first?.contains("Credential=K\(current)/") == true
            if isCurrent { return .respond(status: 200) }
            refusals.record(())
            return Self.failure(400, "ExpiredTokenException")
        }
        try await HTTPTestServer.with(responder: responder) { server in
            let time = TestTime()
            let client = try client(server.url(""), time: time) { () -> AWSCredentials in
                AWSCredentials(accessKeyID: "K\(generation.withLock { $0 })", secretAccessKey: "s")
            } limits: {
                $0.attemptTimeout = .seconds(10)
            }
            for _ in 0..<4 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<40 {
                        group.addTask { _ = try await client.send(call) }
                    }
                    try await group.waitForAll()
                }
                generation.withLock { $0 += 1 }
                time.advance(60)
            }
            #expect(refusals.elements.count >= 3)
        }
    }

    @Test("an error quotes nothing of the signed request")
    func quotation() async throws {
        let body = #"{"__type":"SignatureDoesNotMatch","message":"no match\n\n'POST\nx-amz-security-token:hush"}"#
        let reply = HTTPTestServer.Reply.respond(status: 403, body: Array(body.utf8))
        try await HTTPTestServer.with(responder: Self.inTurn([reply])) { server in
            let client = try client(server.url(""))
            let error = await error { _ = try await client.send(call) }
            #expect(error?.message.contains("no match") == true)
            #expect(error.map { "\($0)".contains("hush") } == false)
        }
    }

    @Test("a cancelled call ends at once")
    func cancelled() async throws {
        try await HTTPTestServer.with(responder: Self.inTurn([.hang])) { server in
            let client = try client(server.url(""), limits: { $0.attemptTimeout = .seconds(60) })
            let task = Task { try await client.send(call) }
            await server.requests.wait(for: 1)
            task.cancel()
            let error = await error { _ = try await task.value }
            #expect(error?.kind == .cancelled)
        }
    }

    @Test(
        "errors are read in every protocol's form",
        arguments: [
            (
                400, [], #"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"m"}"#,
                "ResourceNotFoundException", .refused
            ),
            (
                400, [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")],
                #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#, "QueueDoesNotExist", .refused
            ),
            (403, [], #"{"__type":"AccessDeniedException","Message":"m"}"#, "AccessDeniedException", .denied),
            (
                400, [("x-amzn-ErrorType", "InvalidParameterValueException:http://x")], #"{"message":"m"}"#,
                "InvalidParameterValueException", .refused
            ),
            (
                403, [],
                "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error></ErrorResponse>",
                "SignatureDoesNotMatch", .denied
            ),
            (
                400, [],
                "<Response><Errors><Error><Code>AWS.SimpleQueueService.RequestThrottled</Code></Error></Errors></Response>",
                "RequestThrottled", .throttled
            ),
            (503, [], "<html>busy", nil, .unavailable), (418, [], "", nil, .refused),
            (400, [], #"{"__type":7}"#, nil, .refused), (429, [], "{", nil, .throttled), (403, [], "[]", nil, .denied),
        ] as [(Int, [(String, String)], String, String?, AWSError.Kind)]
    )
    func shapes(status: Int, headers: [(String, String)], body: String, code: String?, kind: AWSError.Kind) async throws
    {
        let reply = HTTPTestServer.Reply.respond(status: status, headers: headers, body: Array(body.utf8))
        try await HTTPTestServer.with(responder: Self.inTurn([reply])) { server in
            let client = try client(server.url(""), limits: { $0.maxAttempts = 1 })
            let error = await error { _ = try await client.send(call) }
            #expect(error?.kind == kind)
            #expect(error?.serviceCode == code)
            #expect(error?.httpStatus == status)
        }
    }
}
