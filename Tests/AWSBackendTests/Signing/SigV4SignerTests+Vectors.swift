import AWSBackend
import CurlHTTP

/// What `botocore.auth.SigV4Auth` and `SigV4QueryAuth` compute for requests of this project's own making.
extension SigV4SignerTests {
    static let vectors: [Vector] = [
        Vector(
            name: "a JSON call",
            method: "POST",
            host: "dynamodb.eu-central-1.amazonaws.com",
            headers: [
                HTTPField("Content-Type", "application/x-amz-json-1.0"),
                HTTPField("X-Amz-Target", "DynamoDB_20120810.GetItem"),
            ],
            body: "{\"TableName\":\"t\"}",
            region: "eu-central-1",
            service: "dynamodb",
            signedHeaders: "content-type;host;x-amz-date;x-amz-target",
            signature: "03dbaedadffd2cf242fd1728e1ec3dc47d3afef87919ea30e015ed000d84e31f"
        ),
        Vector(
            name: "a JSON call with a session token",
            method: "POST",
            host: "dynamodb.eu-central-1.amazonaws.com",
            headers: [
                HTTPField("Content-Type", "application/x-amz-json-1.0"),
                HTTPField("X-Amz-Target", "DynamoDB_20120810.GetItem"),
            ],
            body: "{\"TableName\":\"t\"}",
            region: "eu-central-1",
            service: "dynamodb",
            token: "token/with+signs==",
            signedHeaders: "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
            signature: "310a7590676da5b8499bbb3adcbf918a3ec3c0d626e0bca99c362ae69daea1b8"
        ),
        Vector(
            name: "a form on a port of its own",
            method: "POST",
            host: "127.0.0.1:4566",
            headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded")],
            body: "Action=ListQueues&Version=2012-11-05",
            service: "sqs",
            signedHeaders: "content-type;host;x-amz-date",
            signature: "baf61d853f0c59d3dbf4dd314dcf01b5808443ce20197ecfe2676a19f7b8e49d"
        ),
        Vector(
            name: "a path with escapes",
            method: "POST",
            host: "lambda.cn-north-1.amazonaws.com.cn",
            target: "/2015-03-31/functions/arn%3Aaws-cn%3Alambda%3Acn-north-1%3A1%3Afunction%3Af/invocations",
            headers: [HTTPField("X-Amz-Invocation-Type", "Event")],
            body: "{}",
            region: "cn-north-1",
            service: "lambda",
            signedHeaders: "host;x-amz-date;x-amz-invocation-type",
            signature: "e38c40b7276323ec96bf77765c88a5230a0b4afb11fb370edd2190f14207bc32"
        ),
        Vector(
            name: "a path with dot segments",
            target: "/a/./b/../c//d/",
            signedHeaders: "host;x-amz-date",
            signature: "8e33d56e18f096d99ef6488c7c46958c9423db54f9662fccde27cdfc72837f83",
            querySignature: "1b788b0014114dbb93280ddfcc2107a3621f77a2821e3f18ac43573d83ecec95"
        ),
        Vector(
            name: "a query to sort",
            target: "/?b=2&a=2&a=1&A=1&c=",
            signedHeaders: "host;x-amz-date",
            signature: "62cc247555b92df65dda6f39498f13593810873bd18dbdd3bcab946ec5c87c87"
        ),
        Vector(
            name: "a query with escapes",
            target: "/?q=a%20b%2Fc%3D&%E2%82%AC=1&tilde=~-_.",
            signedHeaders: "host;x-amz-date",
            signature: "fbec875b6ac7852f28e22dac7970cfcae38e151a4872b63f619e212aa89242b3",
            querySignature: "59eade3036bdc40eb8562d1a9148087eb1dee313df2e1f18739891f23a705752"
        ),
        Vector(
            name: "blanks in values",
            headers: [HTTPField("My-Header", "  a   b\tc  "), HTTPField("Other", "x")],
            signedHeaders: "host;my-header;other;x-amz-date",
            signature: "c0ec06c9e22c16205b8843591ddc06868947c70f3b6870bf44d7eba6ae93287e",
            querySignature: "05c7ec18b5fc88c1f76dfd9535d53b258d023ba1dfbb6adb6a8da1a9378f88bf"
        ),
        Vector(
            name: "a query with a session token",
            target: "/x?a=1",
            token: "token/with+signs==",
            signedHeaders: "host;x-amz-date;x-amz-security-token",
            signature: "137b4525707bea1de231fa68e04474ebf41786cb18d52a3f5d3659dcc702a72c",
            querySignature: "c4b4d74f878daee3aef7eecc441b84ab6dbace87ee6f9e66daaaae2cb89f9bfc"
        ),
        Vector(
            name: "a body of bytes beyond ASCII",
            method: "PUT",
            host: "service.us-gov-west-1.amazonaws.com",
            target: "/%C3%BC",
            headers: [HTTPField("Content-Type", "text/plain; charset=utf-8")],
            body: "grüße 🐦",
            region: "us-gov-west-1",
            token: "token/with+signs==",
            signedHeaders: "content-type;host;x-amz-date;x-amz-security-token",
            signature: "5e6a17a54f369d42819b28e2073f001f2f57ea34044ced5a0203e4fb9b28ffc2"
        ),
    ]
}
