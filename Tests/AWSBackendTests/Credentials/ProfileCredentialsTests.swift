import CurlHTTP
import Foundation
import TestSupport
import Testing

@testable import AWSBackend

@Suite("Profiles of the shared files", .timeLimit(.minutes(2)))
struct ProfileCredentialsTests {
    /// Fetches what a config file gives a profile.
    private func credentials(
        _ config: String,
        profile: String = "default",
        sts: String = "http://127.0.0.1:1",
        _ variables: [String: String] = [:]
    ) async throws -> AWSCredentials {
        let file = PackagePaths.logs.appending(path: "aws-config-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: PackagePaths.logs, withIntermediateDirectories: true)
        try Data(config.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let own = [
            "AWS_CONFIG_FILE": file.path, "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_ENDPOINT_URL_STS": sts,
        ]
        let environment = AWSEnvironment.test(own.merging(variables) { $1 })
        let transport = try TestTransport.get()
        return try await ProfileCredentials(
            profile: profile,
            shared: SharedConfiguration(environment: environment),
            sts: AWSClient(
                service: .sts,
                endpoint: try #require(AWSEndpoint(sts)),
                region: "us-east-1",
                credentials: nil,
                transport: transport,
                settings: AWSClientSettings(),
                environment: environment
            ),
            transport: transport,
            environment: environment
        ).credentials()
    }

    private func failure(_ config: String, profile: String = "default") async -> CredentialFailure? {
        do {
            _ = try await credentials(config, profile: profile)
            return nil
        } catch {
            return error as? CredentialFailure
        }
    }

    @Test("a program's keys are taken, with its token and their end")
    func program() async throws {
        let json =
            #"{"Version":1,"AccessKeyId":"P","SecretAccessKey":"s","SessionToken":"t","Expiration":"2030-01-01T00:00:00Z"}"#
        let found = try await credentials("[default]\ncredential_process = printf '%s' '\(json)' && exit 0\n")
        let end = try #require(AWSTime.parseTimestamp("2030-01-01T00:00:00Z"))
        #expect(
            found == AWSCredentials(accessKeyID: "P", secretAccessKey: "s", sessionToken: "t", expiration: end)
        )
    }

    @Test(
        "a program that fails is named, and nothing of what it wrote or was told is quoted",
        arguments: [
            ("echo hush; exit 3", "status 3"), ("kill -9 $$", "status 137"), ("no-such-program-hush", "status 127"),
            ("echo hush", "not JSON"), (#"echo '{"Version":1}'"#, "without a key"), ("true", "not JSON"),
            (#"echo '{"AccessKeyId":"A","SecretAccessKey":"hush"}'"#, "version 1"),
            (#"echo '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"hush"}'"#, "version 1"),
            ("yes hush", "more than"),
        ]
    )
    func programFaults(command: String, words: String) async throws {
        let failure = try #require(await failure("[default]\ncredential_process = \(command)\n"))
        #expect(failure.description.contains(words), "\(failure)")
        #expect(!failure.description.contains("hush"))
        #expect(!failure.isAbsent)
    }

    @Test("a program that does not end is ended, and so is what it started")
    func endless() async throws {
        let marker = "86\(UInt16.random(in: 100 ... .max))"
        let command = ShellCommand(text: "sleep \(marker) & wait")
        await #expect(throws: ShellCommand.Failure.timedOut) { try await command.output(within: .milliseconds(200)) }
        try await Eventually.holds("the processes are gone", within: .seconds(5)) {
            let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return processes.allSatisfy { process in
                let command = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
                return !String(decoding: command, as: UTF8.self).contains("sleep\0\(marker)")
            }
        }
    }

    @Test("a cancelled fetch ends the program")
    func cancelled() async throws {
        let task = Task { try await ShellCommand(text: "sleep 600").output(within: .seconds(60)) }
        task.cancel()
        await #expect(throws: ShellCommand.Failure.cancelled) { try await task.value }
    }

    @Test(
        "a role is taken with the keys of a source profile, and works",
        .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"),
        arguments: ["source_profile = base", "source_profile = chain", "source_profile = program"]
    )
    func role(source: String) async throws {
        let aws = try await EmulatedAWS.shared()
        let keys = "aws_access_key_id = \(aws.accessKeyID)\naws_secret_access_key = \(aws.secretAccessKey)"
        let json =
            #"{"Version":1,"AccessKeyId":"\#(aws.accessKeyID)","SecretAccessKey":"\#(aws.secretAccessKey)"}"#
        let config = """
            [default]
            role_arn = \(aws.assumedRoleARN)
            external_id = martlet-tests
            role_session_name = tests
            \(source)
            [profile base]
            \(keys)
            [profile chain]
            \(keys)
            [profile program]
            credential_process = printf '%s' '\(json)'
            """
        let found = try await credentials(config, sts: aws.endpoint)
        #expect(found.accessKeyID != aws.accessKeyID)
        #expect(found.sessionToken?.isEmpty == false)
        #expect(try #require(found.expiration) > Date())
        var configuration = AWSConfiguration.emulated(aws)
        configuration.accessKeyID = found.accessKeyID
        configuration.secretAccessKey = found.secretAccessKey
        configuration.sessionToken = found.sessionToken
        let client = try AWSBackend(transport: try TestTransport.get(), environment: .test())
            .client(of: .dynamoDB, configuration)
        let call = AWSCall(jsonTarget: "DynamoDB_20120810", operation: "ListTables", body: Array("{}".utf8))
        #expect(try await client.send(call).response.status == 200)
    }

    @Test(
        "a role is taken with its own keys or those of the environment",
        .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)")
    )
    func otherSources() async throws {
        let aws = try await EmulatedAWS.shared()
        let role = "[default]\nrole_arn = \(aws.assumedRoleARN)\nexternal_id = martlet-tests\n"
        let keys = "aws_access_key_id = \(aws.accessKeyID)\naws_secret_access_key = \(aws.secretAccessKey)\n"
        let own = try await credentials(role + "source_profile = default\n" + keys, sts: aws.endpoint)
        #expect(own.sessionToken?.isEmpty == false)
        let environment = try await credentials(
            role + "credential_source = Environment\n",
            sts: aws.endpoint,
            ["AWS_ACCESS_KEY_ID": aws.accessKeyID, "AWS_SECRET_ACCESS_KEY": aws.secretAccessKey]
        )
        #expect(environment.sessionToken?.isEmpty == false)
    }

    @Test(
        "a role that the user may not take is refused by name",
        .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)")
    )
    func refusedRole() async throws {
        let aws = try await EmulatedAWS.shared()
        let keys = "aws_access_key_id = \(aws.accessKeyID)\naws_secret_access_key = \(aws.secretAccessKey)\n"
        let config = "[default]\nrole_arn = \(aws.assumedRoleARN)\nsource_profile = default\n" + keys
        await #expect {
            try await credentials(config, sts: aws.endpoint)
        } throws: {
            "\($0)".contains("AccessDenied") && "\($0)".contains(aws.assumedRoleARN)
        }
    }

    @Test(
        "a profile that leads nowhere says where it ends",
        arguments: [
            ("[default]\nrole_arn = r\nsource_profile = gone\n", "no profile 'gone'"),
            ("[default]\nrole_arn = r\nsource_profile = default\n", "has no keys"),
            (
                "[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nrole_arn = r\nsource_profile = default\n",
                "its own source_profile"
            ),
            ("[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nregion = x\n", "has no keys"),
            ("[default]\nrole_arn = r\ncredential_source = Moon\n", "unknown credential_source"),
            ("[default]\nrole_arn = r\ncredential_source = Environment\n", "AWS_ACCESS_KEY_ID"),
            ("[default]\nsso_session = s\n", "sso_session"),
            (
                "[default]\nrole_arn = r\nmfa_serial = m\nsource_profile = default\n"
                    + "aws_access_key_id = a\naws_secret_access_key = b\n",
                "mfa_serial"
            ),
        ]
    )
    func deadEnds(config: String, words: String) async throws {
        let failure = try #require(await failure(config))
        #expect(failure.description.contains(words), "\(failure)")
        #expect(!failure.isAbsent)
    }
}
