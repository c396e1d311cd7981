import TestSupport
import Testing

@testable import AWSBackend

@Suite("The shared files")
struct SharedConfigurationTests {
    private let config = """
        # a comment
        [default]
        region=eu-central-1   ; inline
        output = json
        [profile  prod ]
          Region = us-gov-west-1
        role_arn = arn:aws:iam::1:role/r#x
        s3 =
            max_concurrent_requests = 20
        [services local]
        dynamodb =
          endpoint_url = http://127.0.0.1:8000
        [prod]
        region = ignored
        """
    private let credentials = """
        [default]
        aws_access_key_id = AKID
        aws_secret_access_key = a=b/c+d
        region = eu-west-1\r
        [prod]
        aws_session_token = T # end
        """

    @Test("profiles are merged from both files, and the credentials file wins")
    func merge() {
        let shared = SharedConfiguration(config: config, credentials: credentials)
        #expect(
            shared.profile(nil) == [
                "region": "eu-west-1", "output": "json", "aws_access_key_id": "AKID",
                "aws_secret_access_key": "a=b/c+d",
            ]
        )
        let prod = shared.profile("prod")
        #expect(prod["region"] == "us-gov-west-1")
        #expect(prod["role_arn"] == "arn:aws:iam::1:role/r#x")
        #expect(prod["s3.max_concurrent_requests"] == "20")
        #expect(prod["aws_session_token"] == "T")
        #expect(shared.services("local") == ["dynamodb": "", "dynamodb.endpoint_url": "http://127.0.0.1:8000"])
        #expect(!shared.hasProfile("other"))
    }

    @Test("any text can be read")
    func hostile() {
        for text in [
            "", "[", "[]", "]", "=", "a=b", "[a\nb=c", "[a]\n=x\n  y\n z=1\n\t", "\u{0}[a]\u{FFFF}\n\u{0}=\u{0}",
            "[profile]\nx=1",
        ] {
            _ = SharedConfiguration(config: text, credentials: text)
        }
        var random = SeededGenerator(seed: 3)
        let alphabet = Array("[]=#; \t\nab.\r\u{e9}")
        for _ in 0..<3000 {
            let text = String((0..<40).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
            _ = SharedConfiguration(config: text, credentials: text)
        }
    }
}
