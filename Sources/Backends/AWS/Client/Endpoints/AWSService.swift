/// The services that are spoken to.
package enum AWSService: String, Sendable, CaseIterable {
    case dynamoDB = "dynamodb"
    case sqs
    case sts
    case lambda

    /// The name in the credential scope and in host names.
    package var signingName: String {
        rawValue
    }

    /// The end of `AWS_ENDPOINT_URL_…`.
    var variableSuffix: String {
        rawValue.uppercased()
    }
}
