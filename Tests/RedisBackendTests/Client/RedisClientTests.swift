import Glibc
import NIOPosix
import ServerCore
import TestSupport
import Testing

@testable import RedisBackend

@Suite(
    "A client of one server",
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(1))
)
struct RedisClientTests {
    @Test("thousands of commands at a time each get their own reply, over one connection")
    func pipelining() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3_000 {
                group.addTask {
                    let reply = try await client.run("ECHO", "\(number)", key: "")
                    #expect(reply.text == "\(number)")
                }
            }
            try await group.waitForAll()
        }
        let clients = try server.control("CLIENT", "LIST", "TYPE", "normal").split(separator: "\n")
        // One is redis-cli itself.
        #expect(clients.count == 2)
        client.close()
    }

    @Test("binary words and large values pass unchanged")
    func binary() async throws {
        let client = try TestRedis.client(port: try await RedisServer.shared.get().port)
        let key = Array(TestRedis.prefix().utf8) + [0, 13, 10, 255]
        let value = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let set = RedisCommand(words: [Array("SET".utf8), key, value, Array("PX".utf8), Array("60000".utf8)], key: key)
        #expect(try await client.run(set, patience: .zero) == .status("OK"))
        #expect(
            try await client.run(RedisCommand(words: [Array("GET".utf8), key], key: key), patience: .zero).bytes
                == value
        )
    }

    @Test("an error reply is thrown with its text and is not tried again")
    func refusal() async throws {
        let client = try TestRedis.client(port: try await RedisServer.shared.get().port)
        let key = TestRedis.prefix()
        _ = try await client.run("SET", key, "text", "PX", "60000", key: key)
        let error = await #expect(throws: RedisError.self) { try await client.run("INCR", key, key: key) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("not an integer") == true)
        #expect(error?.backendError.code == .rejected)
    }

    @Test("a server that is not there costs its error at once when there is no patience")
    func unreachable() async throws {
        let client = try TestRedis.client(port: FreePort.next())
        for _ in 0..<3 {
            let error = await #expect(throws: RedisError.self) {
                try await client.run("GET", "a", key: "a", patience: .zero)
            }
            #expect(error?.code == .unreachable)
        }
    }

    @Test("a server that restarts is found again by the patient, without anybody's help")
    func restart() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port)
        _ = try await client.run("SET", "a", "1", key: "a")
        await server.kill()
        let patient = Task { try await client.run("SET", "a", "2", key: "a", patience: .seconds(30)) }
        try await server.restart()
        #expect(try await patient.value == .status("OK"))
    }

    @Test("many who ask at once make one connection")
    func singleFlight() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { _ = try await client.run("PING", key: "") } }
            try await group.waitForAll()
        }
        let received = try server.control("INFO", "stats").split(separator: "\n").first {
            $0.hasPrefix("total_connections_received:")
        }
        let count = received.flatMap { Int($0.drop { $0 != ":" }.dropFirst().filter(\.isNumber)) } ?? 0
        // The client's, this redis-cli's and those that waited for the server to answer.
        let own = try server.control("CLIENT", "LIST", "TYPE", "normal").split(separator: "\n").count
        #expect(own == 2)
        #expect(count < 200)
    }

    @Test("a server that hangs fails what is under way in time, and is used again once it moves")
    func hang() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port) {
            $0.commandTimeout = .milliseconds(300)
            $0.connectTimeout = .milliseconds(300)
        }
        _ = try await client.run("PING", key: "")
        server.send(SIGSTOP)
        let error = await #expect(throws: RedisError.self) { try await client.run("GET", "a", key: "a") }
        #expect(error?.code == .timedOut)
        let second = await #expect(throws: RedisError.self) {
            try await client.run("GET", "a", key: "a", patience: .zero)
        }
        #expect(second?.code == .unreachable)
        server.send(SIGCONT)
        #expect(try await client.run("GET", "a", key: "a", patience: .seconds(20)) == .null)
    }

    @Test("a cancelled caller waits no longer, unless its reply says what was taken")
    func cancellation() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port)
        _ = try await client.run("PING", key: "")
        server.send(SIGSTOP)
        let impatient = Task { try await client.run("GET", "a", key: "a") }
        let faithful = Task {
            var command = RedisCommand("RPUSH", "list", "1", key: "list")
            command.outlivesCancellation = true
            return try await client.run(command, patience: .zero)
        }
        impatient.cancel()
        let error = await #expect(throws: RedisError.self) { try await impatient.value }
        #expect(error?.code == .cancelled)
        server.send(SIGCONT)
        #expect(try await faithful.value == .integer(1))
    }

    @Test("more than is allowed under way is refused before it is sent")
    func overload() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port) { $0.maxInFlight = 2 }
        _ = try await client.run("PING", key: "")
        server.send(SIGSTOP)
        let codes = await withTaskGroup(of: RedisError.Code?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do throws(RedisError) {
                        _ = try await client.run("PING", key: "", patience: .zero)
                        return nil
                    } catch {
                        server.send(SIGCONT)
                        return error.code
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.compactMap(\.self) == [.overloaded])
    }

    @Test("a closed client refuses commands")
    func closed() async throws {
        let client = try TestRedis.client(port: try await RedisServer.shared.get().port)
        _ = try await client.run("PING", key: "")
        client.close()
        let error = await #expect(throws: RedisError.self) { try await client.run("PING", key: "") }
        #expect(error?.code == .closed)
    }

    @Test("a script is sent with its text to a server that does not know it")
    func scripts() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port)
        let script = RedisScript("return {KEYS[1], ARGV[1]}")
        let call = RedisScript.Call(keys: ["k"], arguments: [[1, 0, 2]])
        for _ in 0..<2 {
            let reply = try await script.run(call, on: client, patience: .zero)
            #expect(reply == .array([.bytes([107]), .bytes([1, 0, 2])]))
        }
        try server.control("SCRIPT", "FLUSH")
        #expect(try await script.run(call, on: client, patience: .zero).elements?.count == 2)
    }

    @Test("the numbered database is the one that was chosen")
    func database() async throws {
        let server = try await RedisServer.start()
        let client = try TestRedis.client(port: server.port) { $0.database = 3 }
        _ = try await client.run("SET", "a", "1", key: "a")
        #expect(try server.control("GET", "a", database: 3) == "1")
        #expect(try server.control("GET", "a") == "")
    }
}
