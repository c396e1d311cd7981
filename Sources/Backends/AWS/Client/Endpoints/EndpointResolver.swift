package import ServerCore

/// Finds the endpoint of a service, in the order of the SDKs.
///
/// The configuration's own URL comes first, then `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's
/// `endpoint_url` (of the service, then of all), and last the service's public endpoint in the region.
package struct EndpointResolver: Sendable {
    package var region: String
    /// Whether the endpoints with FIPS-validated cryptography are used; `AWS_USE_FIPS_ENDPOINT`.
    package var usesFIPS: Bool
    /// Whether the endpoints with IPv6 addresses are used; `AWS_USE_DUALSTACK_ENDPOINT`.
    package var usesDualStack: Bool
    private var overrides: [AWSService: String] = [:]

    /// Makes a resolver for one region.
    package init(
        region: String,
        configuration: AWSConfiguration,
        shared: SharedConfiguration,
        environment: AWSEnvironment
    ) {
        self.region = region
        let profile = shared.profile(configuration.profile)
        usesFIPS =
            configuration.usesFIPS
            ?? (environment.flag("AWS_USE_FIPS_ENDPOINT") || profile["use_fips_endpoint"] == "true")
        usesDualStack =
            configuration.usesDualStack
            ?? (environment.flag("AWS_USE_DUALSTACK_ENDPOINT") || profile["use_dualstack_endpoint"] == "true")
        guard !environment.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") else { return }
        let services = shared.services(profile["services"])
        for service in AWSService.allCases {
            overrides[service] =
                environment.variable("AWS_ENDPOINT_URL_\(service.variableSuffix)")
                ?? environment.variable("AWS_ENDPOINT_URL")
                ?? services["\(service.rawValue).endpoint_url"]
                ?? profile["endpoint_url"]
        }
    }

    /// Finds the endpoint; throws `.rejected` for a URL that is none.
    package func endpoint(of service: AWSService, override: String?) throws(BackendError) -> AWSEndpoint {
        guard let url = override ?? overrides[service] else { return publicEndpoint(of: service) }
        guard let endpoint = AWSEndpoint(url) else {
            throw BackendError(.rejected, "the endpoint URL of \(service.rawValue) must be an http or https URL")
        }
        return endpoint
    }

    /// The service's public endpoint in the region (AWS General Reference, "Service endpoints").
    func publicEndpoint(of service: AWSService) -> AWSEndpoint {
        let partition = AWSPartition.of(region: region)
        let domain = usesDualStack ? partition.dualStackDomain : partition.domain
        // GovCloud's ordinary endpoints of these services are the FIPS ones and have no name of their own.
        let isFIPSAnyway = partition.name == "aws-us-gov" && service != .lambda && !usesDualStack
        let suffix = usesFIPS && !isFIPSAnyway ? "-fips" : ""
        return AWSEndpoint(host: "\(service.rawValue)\(suffix).\(region).\(domain)")
    }
}
