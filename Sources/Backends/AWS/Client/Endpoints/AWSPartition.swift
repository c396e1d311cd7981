/// A part of AWS with accounts, regions and domain names of its own.
struct AWSPartition: Sendable, Equatable {
    /// The first word of its ARNs after `arn:`.
    var name: String
    var domain: String
    var dualStackDomain: String
    /// How its regions begin; the first match in ``all`` counts.
    var regionPrefixes: [String]

    static let standard = AWSPartition(
        name: "aws",
        domain: "amazonaws.com",
        dualStackDomain: "api.aws",
        regionPrefixes: [""]
    )

    /// The partitions (AWS SDKs' `partitions.json`), the standard one last.
    static let all = [
        AWSPartition(
            name: "aws-cn",
            domain: "amazonaws.com.cn",
            dualStackDomain: "api.amazonwebservices.com.cn",
            regionPrefixes: ["cn-"]
        ),
        AWSPartition(
            name: "aws-us-gov",
            domain: "amazonaws.com",
            dualStackDomain: "api.aws",
            regionPrefixes: ["us-gov-"]
        ),
        AWSPartition(
            name: "aws-eusc",
            domain: "amazonaws.eu",
            dualStackDomain: "api.amazonwebservices.eu",
            regionPrefixes: ["eusc-"]
        ),
        AWSPartition(
            name: "aws-iso",
            domain: "c2s.ic.gov",
            dualStackDomain: "api.aws.ic.gov",
            regionPrefixes: ["us-iso-"]
        ),
        AWSPartition(
            name: "aws-iso-b",
            domain: "sc2s.sgov.gov",
            dualStackDomain: "api.aws.scloud",
            regionPrefixes: ["us-isob-"]
        ),
        AWSPartition(
            name: "aws-iso-e",
            domain: "cloud.adc-e.uk",
            dualStackDomain: "api.cloud-aws.adc-e.uk",
            regionPrefixes: ["eu-isoe-"]
        ),
        AWSPartition(
            name: "aws-iso-f",
            domain: "csp.hci.ic.gov",
            dualStackDomain: "api.aws.hci.ic.gov",
            regionPrefixes: ["us-isof-"]
        ),
        standard,
    ]

    /// The partition of a region.
    static func of(region: String) -> AWSPartition {
        all.first { $0.regionPrefixes.contains(where: region.hasPrefix) } ?? standard
    }
}
