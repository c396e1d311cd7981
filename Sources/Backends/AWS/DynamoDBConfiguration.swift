package import ServerCore

/// Where apps are kept in DynamoDB; the defaults are Sockudo's.
package struct DynamoDBConfiguration: Sendable, Equatable {
    package var aws = AWSConfiguration()
    package var tableName = "sockudo-applications"
    /// The index that finds an app by its key.
    package var keyIndexName = "KeyIndex"

    /// Makes the defaults.
    package init() {}

    /// Lists what cannot work, with keys below `prefix`, such as `database.dynamodb`.
    package func validate(_ prefix: String = "database.dynamodb") -> [ConfigurationProblem] {
        var problems = aws.validate(prefix)
        problems.require(
            Self.isName(tableName),
            "\(prefix).table_name",
            "must be 3 to 255 letters, digits, '_', '-' and '.'"
        )
        problems.require(
            Self.isName(keyIndexName),
            "\(prefix).key_index_name",
            "must be 3 to 255 letters, digits, '_', '-' and '.'"
        )
        return problems
    }

    /// Amazon DynamoDB, "Naming rules".
    private static func isName(_ text: String) -> Bool {
        (3...255).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "_-.".utf8.contains($0)
            }
    }
}
