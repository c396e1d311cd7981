import CurlHTTP
import Foundation
import TestSupport
import Testing

@testable import AWSBackend

@Suite("The places of credentials", .timeLimit(.minutes(2)))
struct CredentialProviderTests {
    private func client(_ environment: AWSEnvironment, endpoint: String = "http://127.0.0.1:1") throws -> AWSClient {
        AWSClient(
            service: .sts,
            endpoint: try #require(AWSEndpoint(endpoint)),
            region: "eu-central-1",
            credentials: nil,
            transport: try TestTransport.get(),
            settings: AWSClientSettings(),
            environment: environment
        )
    }

    private func chain(
        _ variables: [String: String] = [:],
        sts: String = "http://127.0.0.1:1",
        _ change: (inout AWSConfiguration) -> Void = { _ in }
    ) throws -> CredentialChain {
        var configuration = AWSConfiguration()
        change(&configuration)
        let environment = AWSEnvironment.test(variables)
        return CredentialChain(
            configuration: configuration,
            shared: SharedConfiguration(environment: environment),
            sts: try client(environment, endpoint: sts),
            transport: try TestTransport.get(),
            environment: environment
        )
    }

    private func file(_ text: String) throws -> String {
        let place = PackagePaths.logs.appending(path: "aws-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: PackagePaths.logs, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
        return place.path
    }

    @Test("the configuration comes before the environment, and that before the profile")
    func order() async throws {
        let profile = try file("[default]\naws_access_key_id=P\naws_secret_access_key=p\n")
        defer { try? FileManager.default.removeItem(atPath: profile) }
        var variables = ["AWS_SHARED_CREDENTIALS_FILE": profile, "AWS_CONFIG_FILE": "/nonexistent"]
        #expect(try await chain(variables).credentials().accessKeyID == "P")
        variables.merge(["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "e", "AWS_SESSION_TOKEN": "t"]) { $1 }
        let found = try await chain(variables).credentials()
        #expect(found == AWSCredentials(accessKeyID: "E", secretAccessKey: "e", sessionToken: "t"))
        let configured = try await chain(variables) {
            $0.accessKeyID = "C"
            $0.secretAccessKey = "c"
        }.credentials()
        #expect(configured == AWSCredentials(accessKeyID: "C", secretAccessKey: "c"))
    }

    @Test("a chain without anything says where it looked")
    func nothing() async throws {
        let chain = try chain()
        await #expect {
            try await chain.credentials()
        } throws: { error in
            let text = "\(error)"
            return [
                "configuration: ", "environment: AWS_ACCESS_KEY_ID is not set", "profile: no profile 'default'",
                "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set", "container: ",
                "instance metadata: AWS_EC2_METADATA_DISABLED is true",
            ].allSatisfy(text.contains)
        }
    }

    @Test(
        "a place that is configured and broken ends the search, as the next would be another identity",
        arguments: [
            (["AWS_ACCESS_KEY_ID": "half"], "AWS_SECRET_ACCESS_KEY"),
            (["AWS_PROFILE": "gone"], "no profile 'gone'"),
            (["AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": "arn"], "cannot be read"),
            (["AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"], "needs AWS_ROLE_ARN"),
            (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"], "loopback"),
            (["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@evil.test/"], "slash"),
        ]
    )
    func broken(variables: [String: String], words: String) async throws {
        let chain = try chain(variables)
        await #expect {
            try await chain.credentials()
        } throws: {
            "\($0)".contains(words) && !"\($0)".contains("instance metadata")
        }
    }

    @Test(
        "a token goes to the hosts that the SDKs allow and to no other",
        arguments: [
            ("http://127.0.0.1:8080/v1", true), ("http://127.9.9.9/", true), ("http://localhost/", true),
            ("http://[::1]:1/", true), ("http://169.254.170.2/x", true), ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true), ("https://example.com/", true),
            ("http://example.com/", false), ("http://169.254.169.254/", false), ("http://127.0.0.1.evil.test/", false),
            ("http://127.1/", false), ("http://localhost.evil.test/", false), ("http://127.0.0.1@evil.test/", false),
            ("ftp://127.0.0.1/", false), ("127.0.0.1", false), ("http://0.0.0.0/", false),
            ("http://2130706433/", false),
        ]
    )
    func allowedHosts(url: String, isAllowed: Bool) {
        #expect(ContainerCredentials.isAllowed(url) == isAllowed)
    }

    @Test(
        "a pod's credentials come with the token that the file holds now",
        .enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)")
    )
    func podIdentity() async throws {
        let endpoints = try await CredentialEndpoints(name: "pod-identity")
        let provider = ContainerCredentials(
            transport: try TestTransport.get(),
            environment: .test([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(endpoints.endpoint)/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": endpoints.tokenFile.path,
            ])
        )
        let first = try await provider.credentials()
        #expect(first.accessKeyID == "ASIATEST1")
        #expect(first.sessionToken == "token-1")
        #expect(try #require(first.expiration) > Date())
        try endpoints.rotateToken(to: "second")
        #expect(try await provider.credentials().accessKeyID == "ASIATEST2")
        let stale = ContainerCredentials(
            transport: try TestTransport.get(),
            environment: .test([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(endpoints.endpoint)/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "first",
            ])
        )
        await #expect { try await stale.credentials() } throws: { "\($0)".contains("status 401") }
    }

    @Test(
        "an instance's role comes with a token of the metadata service",
        .enabled(if: PythonClient.runsTests, "\(PythonClient.remedy)")
    )
    func instanceMetadata() async throws {
        let endpoints = try await CredentialEndpoints(name: "instance-metadata")
        let provider = InstanceMetadataCredentials(
            transport: try TestTransport.get(),
            environment: .test([
                "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "\(endpoints.endpoint)/",
            ])
        )
        #expect(try await provider.credentials().accessKeyID == "ASIATEST1")
    }

    @Test("no metadata service is no identity, and answers that are none are faults")
    func metadataFaults() async throws {
        func failure(_ responder: @escaping HTTPTestServer.Responder) async throws -> CredentialFailure? {
            try await HTTPTestServer.with(responder: responder) { server in
                let provider = InstanceMetadataCredentials(
                    transport: try TestTransport.get(),
                    environment: .test(
                        ["AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url("")],
                        time: TestTime()
                    )
                )
                do throws(CredentialFailure) {
                    _ = try await provider.credentials()
                    return nil
                } catch {
                    return error
                }
            }
        }
        #expect(try await failure { _ in .reset }?.isAbsent == true)
        #expect(try await failure { _ in .respond(status: 403) }?.isAbsent == true)
        let token = Array("tok\n".utf8)
        func answering(_ body: String, status: Int = 200) -> HTTPTestServer.Responder {
            { request in
                if request.method == "PUT" { return .respond(status: 200, body: token) }
                guard request.values(of: "X-aws-ec2-metadata-token") == ["tok"] else { return .respond(status: 401) }
                return request.target.hasSuffix("/")
                    ? .respond(status: status, body: Array("r".utf8)) : .respond(status: 200, body: Array(body.utf8))
            }
        }
        #expect(try await failure(answering("", status: 404))?.isAbsent == true)
        for body in [
            "", "{}", "<html>", #"{"Code":"Failed"}"#, #"{"AccessKeyId":"A","SecretAccessKey":""}"#,
            #"{"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"soon"}"#,
        ] {
            let failure = try #require(try await failure(answering(body)))
            #expect(!failure.isAbsent)
        }
        let complete = #"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2030-01-01T00:00:00Z"}"#
        #expect(try await failure(answering(complete)) == nil)
    }

    @Test(
        "a service account's token is traded for a role that works",
        .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)")
    )
    func webIdentity() async throws {
        let aws = try await EmulatedAWS.shared()
        let tokenFile = try file(EmulatedAWS.serviceAccountToken() + "\n")
        defer { try? FileManager.default.removeItem(atPath: tokenFile) }
        let variables = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": tokenFile, "AWS_ROLE_ARN": aws.roleARN, "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": aws.endpoint,
        ]
        let found = try await chain(variables, sts: aws.endpoint).credentials()
        #expect(found.sessionToken?.isEmpty == false)
        #expect(try #require(found.expiration) > Date())
        let backend = AWSBackend(transport: try TestTransport.get(), environment: .test(variables))
        let client = try backend.client(of: .dynamoDB, AWSConfiguration())
        let call = AWSCall(jsonTarget: "DynamoDB_20120810", operation: "ListTables", body: Array("{}".utf8))
        #expect(try await client.send(call).response.status == 200)
    }

    @Test(
        "a token for another audience is refused by name",
        .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)")
    )
    func foreignAudience() async throws {
        let aws = try await EmulatedAWS.shared()
        let tokenFile = try file(EmulatedAWS.serviceAccountToken(audience: "other"))
        defer { try? FileManager.default.removeItem(atPath: tokenFile) }
        let chain = try chain(
            ["AWS_WEB_IDENTITY_TOKEN_FILE": tokenFile, "AWS_ROLE_ARN": aws.roleARN],
            sts: aws.endpoint
        )
        await #expect {
            try await chain.credentials()
        } throws: {
            "\($0)".contains("AccessDenied") && "\($0)".contains(aws.roleARN)
        }
    }
}
