import Foundation
import TestSupport
import Testing

@testable import RedisBackend

@Suite(
    "Passwords, users and TLS",
    .enabled(if: ServiceProgram.redisServer.runsTests, "\(ServiceProgram.redisServer.remedy)"),
    .timeLimit(.minutes(1))
)
struct RedisSecurityTests {
    @Test("a user of the access list can do what it may, and is told what it may not")
    func users() async throws {
        let server = try await RedisServer.start(
            options: [
                "--user", "rt", "on", ">s3cret", "~rt:*", "&rt:*", "+@all", "-@admin", "--requirepass", "other",
            ],
            password: "other"
        )
        let client = try TestRedis.client(port: server.port) {
            $0.credentials = RedisCredentials(username: "rt", password: "s3cret")
        }
        #expect(try await client.run("SET", "rt:a", "1", key: "rt:a") == .status("OK"))
        let error = await #expect(throws: RedisError.self) { try await client.run("SET", "b", "1", key: "b") }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("NOPERM") == true)
    }

    @Test("a wrong password or none is refused at once, and the message does not tell it")
    func wrongPassword() async throws {
        let server = try await RedisServer.start(options: ["--requirepass", "s3cret"], password: "s3cret")
        for password in ["wr0ng", nil] {
            let client = try TestRedis.client(port: server.port) { $0.credentials.password = password }
            let error = await #expect(throws: RedisError.self) { try await client.run("GET", "a", key: "a") }
            #expect(error?.code == .refused)
            #expect(error?.description.contains("wr0ng") == false)
        }
        let client = try TestRedis.client(port: server.port) { $0.credentials.password = "s3cret" }
        #expect(try await client.run("GET", "a", key: "a") == .null)
    }

    @Test("TLS with a private authority, a client certificate and a node's address")
    func privateAuthority() async throws {
        let folder = try await ServiceCertificates.shared.get()
        let server = try await start("server", folder, clients: true)
        var tls = RedisTLS()
        tls.authorityPath = folder.appending(path: "authority.pem").path
        tls.certificatePath = folder.appending(path: "client.pem").path
        tls.keyPath = folder.appending(path: "client.key").path
        #expect(try await ping(server, tls))
        tls.certificatePath = nil
        #expect(try await ping(server, tls) == false)
    }

    @Test("a server of another authority is refused, unless every certificate is accepted")
    func wrongAuthority() async throws {
        let folder = try await ServiceCertificates.shared.get()
        let server = try await start("server", folder)
        var tls = RedisTLS()
        tls.authorityPath = folder.appending(path: "other.pem").path
        #expect(try await ping(server, tls) == false)
        tls.authorityPath = nil
        #expect(try await ping(server, tls) == false)
        tls.acceptsInvalidCertificates = true
        #expect(try await ping(server, tls))
    }

    @Test("a node whose certificate has a name of its own is checked against that name")
    func hostNames() async throws {
        let folder = try await ServiceCertificates.shared.get()
        let server = try await start("named", folder)
        var tls = RedisTLS()
        tls.authorityPath = folder.appending(path: "authority.pem").path
        #expect(try await ping(server, tls) == false)
        tls.hostNames = ["127.0.0.1": "node-1.redis.test"]
        #expect(try await ping(server, tls))
        tls.hostNames = ["127.0.0.1": "node-2.redis.test"]
        #expect(try await ping(server, tls) == false)
        tls.hostNames = [:]
        tls.defaultHostName = "node-1.redis.test"
        #expect(try await ping(server, tls))
    }

    @Test("files that cannot be used are said when the client is made")
    func missingFiles() {
        var tls = RedisTLS()
        tls.authorityPath = "/nonexistent.pem"
        let error = #expect(throws: RedisError.self) { try TestRedis.client(port: 1) { $0.tls = tls } }
        #expect(error?.message.contains("/nonexistent.pem") == true)
    }

    private func start(_ name: String, _ folder: URL, clients: Bool = false) async throws -> RedisServer {
        let file = { (name: String) in folder.appending(path: name).path }
        return try await RedisServer.start(
            options: [
                "--tls-cert-file", file("\(name).pem"), "--tls-key-file", file("\(name).key"),
                "--tls-ca-cert-file", file("authority.pem"), "--tls-auth-clients", clients ? "yes" : "no",
            ],
            usesTLS: true
        )
    }

    private func ping(_ server: RedisServer, _ tls: RedisTLS) async throws -> Bool {
        let client = try TestRedis.client(port: server.port) { $0.tls = tls }
        defer { client.close() }
        do throws(RedisError) {
            _ = try await client.run("PING", key: "", patience: .zero)
            return true
        } catch {
            #expect(error.code == .unreachable)
            return false
        }
    }
}
