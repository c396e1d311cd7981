package import CurlHTTP

/// The places of the SDKs, in their order; the first that is configured counts.
package struct CredentialChain: CredentialProvider {
    package let name = "chain"
    private let providers: [any CredentialProvider]

    /// Makes a chain of places.
    package init(_ providers: [any CredentialProvider]) {
        self.providers = providers
    }

    /// Makes the whole chain: configuration, environment, profile, web identity, container, instance metadata.
    package init(
        configuration: AWSConfiguration,
        shared: SharedConfiguration,
        sts: AWSClient,
        transport: any HTTPTransport,
        environment: AWSEnvironment
    ) {
        self.init([
            StaticCredentials(configuration: configuration),
            EnvironmentCredentials(environment: environment),
            ProfileCredentials(
                profile: configuration.profile,
                shared: shared,
                sts: sts,
                transport: transport,
                environment: environment
            ),
            WebIdentityCredentials(sts: sts, environment: environment),
            ContainerCredentials(transport: transport, environment: environment),
            InstanceMetadataCredentials(transport: transport, environment: environment),
        ])
    }

    package func credentials() async throws(CredentialFailure) -> AWSCredentials {
        var tried: [String] = []
        for provider in providers {
            do throws(CredentialFailure) {
                return try await provider.credentials()
            } catch {
                tried.append("\(provider.name): \(error)")
                guard error.isAbsent else {
                    var failure = CredentialFailure.failed(tried.joined(separator: "; "))
                    failure.isCancelled = error.isCancelled
                    throw failure
                }
            }
        }
        throw .failed(tried.joined(separator: "; "))
    }
}
