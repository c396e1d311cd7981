/// An AWS Lambda function that takes webhook events.
package struct LambdaFunction: Sendable, Hashable {
    /// The name, or the ARN.
    package var name: String
    package var region: String

    /// The region of Sockudo's older form, which has none of its own.
    package static let defaultRegion = "us-east-1"

    /// Makes a function.
    package init(name: String, region: String = defaultRegion) {
        self.name = name
        self.region = region
    }

    /// What stands for the function where a webhook is named by its URL, as in jobs and logs; nothing is sent there.
    package var url: String {
        "lambda://\(region)/\(name)"
    }

    /// Lists what cannot work, with keys relative to the webhook.
    func validate() -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        problems.require(
            (1...256).contains(name.utf8.count) && name.utf8.allSatisfy(Self.isNameByte),
            "lambda.function_name",
            "must be a function's name or ARN"
        )
        problems.require(
            (1...63).contains(region.utf8.count) && region.utf8.allSatisfy(Self.isRegionByte),
            "lambda.region",
            "must be a region's name, such as eu-central-1"
        )
        return problems
    }

    /// AWS Lambda API, `FunctionName`.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        isRegionByte(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || ":_$".utf8.contains(byte)
    }

    private static func isRegionByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-")
    }
}

extension LambdaFunction: Codable {
    /// The keys of `lambda` in a webhook.
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name = "function_name"
        case region
    }

    package init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try object.decodeIfPresent(String.self, forKey: .name) ?? "",
            region: try object.decodeIfPresent(String.self, forKey: .region) ?? Self.defaultRegion
        )
    }
}
