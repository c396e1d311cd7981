import CurlHTTP

/// The answers of STS that hold a role's credentials.
enum SecurityTokenService {
    /// Takes a role with the credentials that the client signs with (STS API, `AssumeRole`).
    static func assume(
        role: String,
        settings: [String: String],
        with sts: AWSClient
    ) async throws(CredentialFailure) -> AWSCredentials {
        var form = [("RoleSessionName", settings["role_session_name"] ?? "martlet")]
        if let id = settings["external_id"] { form.append(("ExternalId", id)) }
        if let seconds = settings["duration_seconds"] { form.append(("DurationSeconds", seconds)) }
        return try await call("AssumeRole", role: role, form: form, sts: sts)
    }

    /// Trades something for a role's credentials.
    static func call(
        _ operation: String,
        role: String,
        form: [(String, String)],
        sts: AWSClient
    ) async throws(CredentialFailure) -> AWSCredentials {
        let call = AWSCall(
            operation: operation,
            headers: [.init("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: URIEscaping.form([("Action", operation), ("Version", "2011-06-15"), ("RoleArn", role)] + form)
        )
        do throws(AWSError) {
            return try credentials(in: try await sts.send(call).response.body)
        } catch {
            var failure = CredentialFailure.failed("role \(role): \(error)")
            failure.isCancelled = error.kind == .cancelled
            throw failure
        }
    }

    private static func credentials(in body: [UInt8]) throws(AWSError) -> AWSCredentials {
        let root: XMLElement
        do throws(XMLReader.Failure) {
            root = try XMLReader.read(body)
        } catch {
            throw AWSError(.malformed, "STS's answer is not XML (\(error))")
        }
        guard let element = root.firstDescendant("Credentials"),
            let id = element.value("AccessKeyId"), let secret = element.value("SecretAccessKey"),
            let token = element.value("SessionToken"),
            let expiration = element.value("Expiration").flatMap(AWSTime.parseTimestamp)
        else {
            throw AWSError(.malformed, "STS's answer has no credentials")
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: token,
            expiration: expiration
        )
    }
}
