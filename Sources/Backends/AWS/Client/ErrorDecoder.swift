import CurlHTTP
import FoundationEssentials

/// Reads the errors of AWS's protocols: JSON with `__type`, XML, and the header that SQS adds.
enum ErrorDecoder {
    /// The error that a response with a status of failure tells of.
    static func error(in response: HTTPResponse, of operation: String) -> AWSError {
        var (code, message) = response.body.first == UInt8(ascii: "<") ? xml(response.body) : json(response.body)
        if code == nil, let header = response.value(of: "x-amzn-errortype") {
            code = bareName(header)
        }
        var queryCode: String?
        if let header = response.value(of: "x-amzn-query-error") {
            queryCode = bareName(String(header.prefix { $0 != ";" }))
        }
        let kind = kind(status: response.status, codes: [code, queryCode].compactMap(\.self))
        // Further lines may quote the signed request, and with it the session token.
        let line = message?.split(whereSeparator: \.isNewline).first
        let text = line.map { ": \($0.prefix(500))" } ?? ""
        var error = AWSError(kind, "\(operation) was refused\(text)")
        error.serviceCode = code ?? queryCode
        error.queryCode = queryCode
        error.httpStatus = response.status
        error.requestID = response.value(of: "x-amzn-requestid") ?? response.value(of: "x-amz-request-id")
        return error
    }

    /// The error of a request that got no response.
    static func error(from failure: HTTPTransportError, of operation: String) -> AWSError {
        let kind: AWSError.Kind
        switch failure.code {
        case .cancelled: kind = .cancelled
        case .closed: kind = .closed
        case .queueFull: kind = .throttled
        case .responseTooLarge: kind = .malformed
        case .invalidRequest: kind = .refused
        case .dns, .connect, .tls, .timeout, .reset, .malformedResponse, .failed: kind = .transport
        }
        return AWSError(kind, "\(operation) got no answer", underlying: failure)
    }

    /// The pause that a response asks for, in `Retry-After` or `x-amz-retry-after`.
    static func retryAfter(in response: HTTPResponse) -> Duration? {
        if let text = response.value(of: "x-amz-retry-after"), let milliseconds = UInt32(text) {
            return .milliseconds(Int(milliseconds))
        }
        guard let text = response.value(of: "Retry-After"), let seconds = UInt32(text) else { return nil }
        return .seconds(Int(seconds))
    }

    private static func json(_ body: [UInt8]) -> (code: String?, message: String?) {
        let document: ErrorDocument
        do {
            document = try JSONDecoder().decode(ErrorDocument.self, from: Data(body))
        } catch {
            return (nil, nil)
        }
        return (document.type.map(bareName), document.message)
    }

    private static func xml(_ body: [UInt8]) -> (code: String?, message: String?) {
        let root: XMLElement
        do throws(XMLReader.Failure) {
            root = try XMLReader.read(body)
        } catch {
            return (nil, nil)
        }
        guard let element = root.firstDescendant("Error") else { return (nil, nil) }
        return (element.value("Code").map(bareName), element.value("Message"))
    }

    /// Leaves the name of `com.amazonaws.sqs#Name:http://…` and of `AWS.SimpleQueueService.Name`.
    private static func bareName(_ text: String) -> String {
        var name = text.prefix { $0 != ":" }
        if let hash = name.lastIndex(of: "#") {
            name = name[name.index(after: hash)...]
        }
        if let dot = name.lastIndex(of: ".") {
            name = name[name.index(after: dot)...]
        }
        return String(name)
    }

    private static func kind(status: Int, codes: [String]) -> AWSError.Kind {
        if status == 429 || codes.contains(where: throttling.contains) { return .throttled }
        if codes.contains(where: transient.contains) || [500, 502, 503, 504].contains(status) { return .unavailable }
        if [401, 403].contains(status) || codes.contains(where: denials.contains) { return .denied }
        return .refused
    }

    /// AWS SDKs, "Retry behavior", throttling errors.
    private static let throttling: Set<String> = [
        "BandwidthLimitExceeded", "EC2ThrottledException", "KmsThrottled", "LimitExceededException",
        "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
        "RequestThrottled", "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling",
        "ThrottlingException", "TooManyRequestsException", "TransactionInProgressException",
    ]

    /// AWS SDKs, "Retry behavior", transient errors, and STS's own.
    private static let transient: Set<String> = [
        "IDPCommunicationError", "InternalError", "InternalFailure", "InternalServerError", "RequestTimeout",
        "RequestTimeoutException", "ServiceUnavailable", "ServiceUnavailableException",
    ]

    private static let denials: Set<String> = [
        "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException",
        "IncompleteSignature", "IncompleteSignatureException", "InvalidAccessKeyId", "InvalidClientTokenId",
        "InvalidSecurity", "InvalidSignatureException", "InvalidToken", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ]
}

/// The JSON of an error; services differ in the case of its keys.
private struct ErrorDocument: Decodable {
    var type: String?
    var message: String?

    enum CodingKeys: String, CodingKey {
        case type = "__type"
        case code
        case upperCode = "Code"
        case message
        case upperMessage = "Message"
    }

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ keys: CodingKeys...) -> String? {
            for key in keys {
                do {
                    if let text = try object.decodeIfPresent(String.self, forKey: key) { return text }
                } catch {
                    // Not a string: the next spelling may be one.
                    continue
                }
            }
            return nil
        }
        type = text(.type, .code, .upperCode)
        message = text(.message, .upperMessage)
    }
}
