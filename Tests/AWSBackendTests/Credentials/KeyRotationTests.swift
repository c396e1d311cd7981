import AWSBackend
import CurlHTTP
import Foundation
import ServerCore
import TestSupport
import Testing

/// Keys of a user that come and go in the emulator's IAM.
@Suite("Rotated keys", .timeLimit(.minutes(1)), .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"))
struct KeyRotationTests {
    /// Calls IAM as the emulator's root user, whose signature it does not verify, and returns the XML.
    private func iam(_ aws: EmulatedAWS, _ form: String) async throws -> String {
        let scope = "test/20260101/us-east-1/iam/aws4_request"
        var request = HTTPRequest(
            method: "POST",
            url: "\(aws.endpoint)/",
            headers: [
                HTTPField("Content-Type", "application/x-www-form-urlencoded"),
                HTTPField(
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=host, Signature=\(String(repeating: "0", count: 64))"
                ),
            ],
            body: Array("Version=2010-05-08&\(form)".utf8)
        )
        request.timeout = .seconds(20)
        let response = try await TestTransport.get().send(request)
        try #require(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
        return String(decoding: response.body, as: UTF8.self)
    }

    private func text(_ element: String, in xml: String) throws -> String {
        let start = try #require(xml.range(of: "<\(element)>")?.upperBound)
        let end = try #require(xml.range(of: "</\(element)>", range: start..<xml.endIndex)?.lowerBound)
        return String(xml[start..<end])
    }

    /// Makes a key and writes it into the profile; returns its id.
    private func makeKey(_ aws: EmulatedAWS, user: String, file: URL) async throws -> String {
        let xml = try await iam(aws, "Action=CreateAccessKey&UserName=\(user)")
        let id = try text("AccessKeyId", in: xml)
        let secret = try text("SecretAccessKey", in: xml)
        try Data("[default]\naws_access_key_id = \(id)\naws_secret_access_key = \(secret)\n".utf8)
            .write(to: file, options: .atomic)
        return id
    }

    @Test("a key that is replaced and deleted under load does not fail a single call")
    func underLoad() async throws {
        let aws = try await EmulatedAWS.shared()
        let user = "rotated-\(UInt32.random(in: 0 ... .max))"
        let file = PackagePaths.logs.appending(path: "\(user).credentials")
        defer { try? FileManager.default.removeItem(at: file) }
        let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        let encoded = try #require(policy.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        _ = try await iam(aws, "Action=CreateUser&UserName=\(user)")
        _ = try await iam(aws, "Action=PutUserPolicy&UserName=\(user)&PolicyName=p&PolicyDocument=\(encoded)")
        let first = try await makeKey(aws, user: user, file: file)
        let environment = AWSEnvironment.test([
            "AWS_SHARED_CREDENTIALS_FILE": file.path, "AWS_CONFIG_FILE": "/nonexistent",
        ])
        var configuration = AWSConfiguration()
        configuration.region = "eu-central-1"
        configuration.endpointURL = aws.endpoint
        configuration.callTimeout = .seconds(40)
        configuration.attemptTimeout = .seconds(20)
        let client = try AWSBackend(transport: try TestTransport.get(), environment: environment)
            .client(of: .dynamoDB, configuration)
        let call = AWSCall(jsonTarget: "DynamoDB_20120810", operation: "ListTables", body: Array("{}".utf8))
        let replies = Recorder<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    while replies.elements.count < 300 {
                        replies.record(try await client.send(call).attempts)
                    }
                }
            }
            await replies.wait(for: 50)
            _ = try await makeKey(aws, user: user, file: file)
            _ = try await iam(aws, "Action=DeleteAccessKey&UserName=\(user)&AccessKeyId=\(first)")
            try await group.waitForAll()
        }
        // Some calls met the deleted key, and the new one at once.
        #expect(replies.elements.contains(2))
        #expect(replies.elements.allSatisfy { $0 <= 2 })
    }
}
