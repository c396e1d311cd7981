package import ServerCore

/// Makes and describes the table of apps, for people without Terraform.
package struct DynamoDBTable: Sendable {
    private typealias Messages = DynamoDBMessages

    private let client: DynamoDBClient
    private let configuration: DynamoDBConfiguration
    private let environment: AWSEnvironment

    /// Makes an administrator of the configured table.
    package init(client: DynamoDBClient, configuration: DynamoDBConfiguration, environment: AWSEnvironment) {
        self.client = client
        self.configuration = configuration
        self.environment = environment
    }

    /// Whether ``create()`` made the table or found it.
    package enum Outcome: Sendable, Equatable {
        case created
        case existed
    }

    /// Makes the table with the index of keys, billed by request and with recovery to any point in time, and waits until
    /// it can be used.
    ///
    /// A table that exists is checked to have the right keys and is otherwise left as it is.
    package func create() async throws(BackendError) -> Outcome {
        do throws(AWSError) {
            if let table = try await table() {
                try check(table)
                return .existed
            }
            let index = Messages.CreateTable.NewIndex(
                IndexName: configuration.keyIndexName,
                KeySchema: [.init(AttributeName: "key", KeyType: "HASH")]
            )
            let input = Messages.CreateTable(TableName: configuration.tableName, GlobalSecondaryIndexes: [index])
            _ = try await client.send("CreateTable", input, as: Messages.TableResult.self)
            try await waitUntilActive()
            _ = try await client.send(
                "UpdateContinuousBackups",
                Messages.UpdateContinuousBackups(TableName: configuration.tableName),
                as: Messages.Ignored.self
            )
            return .created
        } catch {
            throw error.backendError("DynamoDB, table '\(configuration.tableName)'")
        }
    }

    private func table() async throws(AWSError) -> Messages.Table? {
        do throws(AWSError) {
            let input = Messages.DescribeTable(TableName: configuration.tableName)
            return try await client.send("DescribeTable", input, as: Messages.TableResult.self).output.Table
        } catch {
            guard error.isNamed("ResourceNotFoundException") else { throw error }
            return nil
        }
    }

    private func check(_ table: Messages.Table) throws(AWSError) {
        guard table.KeySchema == [.init(AttributeName: "id", KeyType: "HASH")] else {
            throw AWSError(.refused, "the table exists and its key is not 'id' alone")
        }
        let index = table.GlobalSecondaryIndexes?.first { $0.IndexName == configuration.keyIndexName }
        guard let index, index.KeySchema == [.init(AttributeName: "key", KeyType: "HASH")] else {
            throw AWSError(
                .refused,
                "the table exists and has no index '\(configuration.keyIndexName)' with the key 'key'"
            )
        }
    }

    private func waitUntilActive() async throws(AWSError) {
        // DynamoDB needs some ten seconds; ten minutes are beyond anything seen.
        for _ in 0..<300 {
            if let table = try await table(), table.TableStatus == "ACTIVE",
                (table.GlobalSecondaryIndexes ?? []).allSatisfy({ $0.IndexStatus ?? "ACTIVE" == "ACTIVE" })
            {
                return
            }
            do {
                try await environment.sleep(.seconds(2))
            } catch {
                throw AWSError(.cancelled, "the task was cancelled")
            }
        }
        throw AWSError(.unavailable, "the table was made and did not become active")
    }
}
