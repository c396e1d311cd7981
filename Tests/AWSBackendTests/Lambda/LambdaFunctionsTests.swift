import AWSBackend
import ServerCore
import TestSupport
import Testing

@Suite("Functions in Lambda", .timeLimit(.minutes(1)))
struct LambdaFunctionsTests {
    private func functions(_ url: String) throws -> LambdaFunctions {
        var configuration = AWSConfiguration()
        configuration.endpointURL = url
        configuration.accessKeyID = "A"
        configuration.secretAccessKey = "S"
        configuration.maxAttempts = 1
        return AWSBackend(transport: try TestTransport.get(), environment: .test()).functions(configuration)
    }

    @Test("an invocation is an event, signed for the function's region")
    func invoke() async throws {
        try await HTTPTestServer.with(responder: { _ in .respond(status: 202) }) { server in
            let functions = try functions(server.url(""))
            let function = LambdaFunction(name: "arn:aws:lambda:eu-west-3:1:function:f", region: "eu-west-3")
            try await functions.invoke(function, payload: Array("{}".utf8), timeout: .seconds(5))
            let request = try #require(server.requests.elements.first)
            #expect(
                request.target
                    == "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-3%3A1%3Afunction%3Af/invocations"
            )
            #expect(request.values(of: "X-Amz-Invocation-Type") == ["Event"])
            #expect(request.values(of: "Authorization").first?.contains("/eu-west-3/lambda/aws4_request") == true)
            #expect(request.body == Array("{}".utf8))
        }
    }

    @Test("a function that is not there is an error of that name")
    func missing() async throws {
        let reply = HTTPTestServer.Reply.respond(
            status: 404,
            headers: [("x-amzn-ErrorType", "ResourceNotFoundException")],
            body: Array(#"{"Type":"User","Message":"Function not found"}"#.utf8)
        )
        try await HTTPTestServer.with(responder: { _ in reply }) { server in
            let functions = try functions(server.url(""))
            await #expect {
                try await functions.invoke(LambdaFunction(name: "f"), payload: [], timeout: .seconds(5))
            } throws: {
                ($0 as? BackendError)?.code == .rejected && "\($0)".contains("ResourceNotFoundException")
            }
        }
    }

    @Test(
        "a service that verifies signatures accepts the signature of a path with escapes",
        .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)")
    )
    func signature() async throws {
        let aws = try await EmulatedAWS.shared()
        let functions = AWSBackend(transport: try TestTransport.get(), environment: .test())
            .functions(.emulated(aws))
        let function = LambdaFunction(
            name: "arn:aws:lambda:eu-central-1:123456789012:function:none",
            region: "eu-central-1"
        )
        await #expect {
            try await functions.invoke(function, payload: Array("{}".utf8), timeout: .seconds(5))
        } throws: {
            "\($0)".contains("ResourceNotFoundException")
        }
    }
}
