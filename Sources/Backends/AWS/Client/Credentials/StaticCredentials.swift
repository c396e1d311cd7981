/// Keys from the configuration.
package struct StaticCredentials: CredentialProvider {
    package let name = "configuration"
    private let fixed: AWSCredentials?

    /// Takes keys from a configuration.
    package init(configuration: AWSConfiguration) {
        guard let id = configuration.accessKeyID, let secret = configuration.secretAccessKey else {
            fixed = nil
            return
        }
        fixed = AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: configuration.sessionToken)
    }

    /// Takes a key.
    init(_ key: AWSCredentials) {
        fixed = key
    }

    package func credentials() async throws(CredentialFailure) -> AWSCredentials {
        guard let fixed else { throw .absent("aws_access_key_id and aws_secret_access_key are not set") }
        return fixed
    }
}

/// Keys from the environment.
package struct EnvironmentCredentials: CredentialProvider {
    package let name = "environment"
    private let environment: AWSEnvironment

    /// Makes a provider.
    package init(environment: AWSEnvironment) {
        self.environment = environment
    }

    package func credentials() async throws(CredentialFailure) -> AWSCredentials {
        let id = environment.variable("AWS_ACCESS_KEY_ID")
        let secret = environment.variable("AWS_SECRET_ACCESS_KEY")
        guard let id, let secret else {
            guard id == nil, secret == nil else {
                throw .failed("AWS_ACCESS_KEY_ID needs AWS_SECRET_ACCESS_KEY, and the other way round")
            }
            throw .absent("AWS_ACCESS_KEY_ID is not set")
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: environment.variable("AWS_SESSION_TOKEN")
        )
    }
}
