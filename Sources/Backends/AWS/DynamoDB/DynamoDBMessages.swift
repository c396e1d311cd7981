/// The requests and answers of the operations in use, with DynamoDB's names.
enum DynamoDBMessages {
    typealias Item = [String: AttributeValue]

    struct GetItem: Encodable {
        var TableName: String
        var Key: Item
        var ConsistentRead = true
    }

    struct GetItemResult: Decodable {
        var Item: Item?
    }

    struct Query: Encodable {
        var TableName: String
        var IndexName: String
        var KeyConditionExpression: String
        var ExpressionAttributeNames: [String: String]
        var ExpressionAttributeValues: Item
        var ExclusiveStartKey: Item?
    }

    struct Scan: Encodable {
        var TableName: String
        var ConsistentRead = true
        var ExclusiveStartKey: Item?
    }

    struct Page: Decodable {
        var Items: [Item]?
        var LastEvaluatedKey: Item?
    }

    struct PutItem: Encodable {
        var TableName: String
        var Item: Item
        var ConditionExpression: String
        var ExpressionAttributeNames: [String: String]
        var ExpressionAttributeValues: Item?
    }

    struct DeleteItem: Encodable {
        var TableName: String
        var Key: Item
        var ReturnValues = "ALL_OLD"
    }

    struct DeleteItemResult: Decodable {
        var Attributes: Item?
    }

    struct DescribeTable: Encodable {
        var TableName: String
    }

    struct TableResult: Decodable {
        var Table: Table?
        var TableDescription: Table?
    }

    struct Table: Decodable {
        var TableStatus: String?
        var KeySchema: [KeyElement]?
        var GlobalSecondaryIndexes: [Index]?
    }

    struct Index: Decodable {
        var IndexName: String
        var IndexStatus: String?
        var KeySchema: [KeyElement]?
    }

    struct KeyElement: Codable, Equatable {
        var AttributeName: String
        var KeyType: String
    }

    struct CreateTable: Encodable {
        struct Attribute: Encodable {
            var AttributeName: String
            var AttributeType = "S"
        }

        struct Projection: Encodable {
            var ProjectionType = "ALL"
        }

        struct NewIndex: Encodable {
            var IndexName: String
            var KeySchema: [KeyElement]
            var Projection = CreateTable.Projection()
        }

        var TableName: String
        var AttributeDefinitions = [Attribute(AttributeName: "id"), Attribute(AttributeName: "key")]
        var KeySchema = [KeyElement(AttributeName: "id", KeyType: "HASH")]
        var GlobalSecondaryIndexes: [NewIndex]
        var BillingMode = "PAY_PER_REQUEST"
    }

    struct UpdateContinuousBackups: Encodable {
        struct Specification: Encodable {
            var PointInTimeRecoveryEnabled = true
        }

        var TableName: String
        var PointInTimeRecoverySpecification = Specification()
    }

    /// An answer of which nothing is read.
    struct Ignored: Decodable {}
}
