package import ServerCore

/// Keeps apps in a DynamoDB table of Sockudo's form.
///
/// By id with strongly consistent reads; by key through the index, which DynamoDB only offers eventually consistent and
/// which does not enforce that keys are unique: `put` looks for another owner first.
package struct DynamoDBAppManager: AppCatalog {
    private typealias Messages = DynamoDBMessages

    private let client: DynamoDBClient
    private let configuration: DynamoDBConfiguration

    /// Makes a store.
    package init(client: DynamoDBClient, configuration: DynamoDBConfiguration) {
        self.client = client
        self.configuration = configuration
    }

    package func app(id: String) async throws(BackendError) -> App? {
        try await item(id: id)?.app
    }

    package func app(key: String) async throws(BackendError) -> App? {
        // Two apps with one key are a mistake; which of them counts must not change from call to call.
        try await items(key: key).map(\.app).min { $0.id < $1.id }
    }

    package func put(_ app: App, replacing: Bool) async throws(BackendError) {
        guard (1...AppItem.maxIDBytes).contains(app.id.utf8.count),
            (1...AppItem.maxKeyBytes).contains(app.key.utf8.count)
        else {
            throw BackendError(.rejected, "an app's id needs 1 to 2048 bytes and its key 1 to 1024")
        }
        if let owner = try await items(key: app.key).first(where: { $0.app.id != app.id }) {
            throw BackendError(.conflict, "the key of app '\(app.id)' belongs to app '\(owner.app.id)'")
        }
        guard replacing else { return try await write(app, over: nil) }
        try await repeatingOnConflict { () async throws(BackendError) in
            try await write(app, over: try await item(id: app.id, allowsMalformed: true))
        }
    }

    package func delete(id: String) async throws(BackendError) -> Bool {
        guard isPossibleID(id) else { return false }
        let input = Messages.DeleteItem(TableName: configuration.tableName, Key: ["id": .string(id)])
        let (result, _) = try await call("DeleteItem", input, as: Messages.DeleteItemResult.self)
        return result.Attributes?.isEmpty == false
    }

    package func list() async throws(BackendError) -> [App] {
        var apps: [App] = []
        var start: Messages.Item?
        repeat {
            let input = Messages.Scan(TableName: configuration.tableName, ExclusiveStartKey: start)
            let page = try await call("Scan", input, as: Messages.Page.self).output
            for attributes in page.Items ?? [] {
                apps.append(try AppItem(attributes: attributes).app)
            }
            start = page.LastEvaluatedKey
        } while start?.isEmpty == false
        return apps.sorted { $0.id < $1.id }
    }

    package func update(
        id: String,
        _ change: @Sendable (inout App) -> Void
    ) async throws(BackendError) -> App? {
        try await repeatingOnConflict { () async throws(BackendError) -> App? in
            guard let item = try await item(id: id) else { return nil }
            var app = item.app
            change(&app)
            try await write(app, over: item)
            return app
        }
    }

    package func checkHealth() async throws(BackendError) {
        let input = Messages.GetItem(
            TableName: configuration.tableName,
            // An id that no app can have, since it would not fit into a path.
            Key: ["id": .string("/")],
            ConsistentRead: false
        )
        _ = try await call("GetItem", input, as: Messages.GetItemResult.self)
    }

    private func item(id: String, allowsMalformed: Bool = false) async throws(BackendError) -> AppItem? {
        guard isPossibleID(id) else { return nil }
        let input = Messages.GetItem(TableName: configuration.tableName, Key: ["id": .string(id)])
        let (result, _) = try await call("GetItem", input, as: Messages.GetItemResult.self)
        guard let attributes = result.Item, !attributes.isEmpty else { return nil }
        do throws(BackendError) {
            return try AppItem(attributes: attributes)
        } catch {
            guard allowsMalformed else { throw error }
            return AppItem(app: App(id: id, key: "", secret: ""), version: AppItem.version(of: attributes))
        }
    }

    private func items(key: String) async throws(BackendError) -> [AppItem] {
        guard (1...AppItem.maxKeyBytes).contains(key.utf8.count) else { return [] }
        var items: [AppItem] = []
        var start: Messages.Item?
        repeat {
            let input = Messages.Query(
                TableName: configuration.tableName,
                IndexName: configuration.keyIndexName,
                KeyConditionExpression: "#key = :key",
                ExpressionAttributeNames: ["#key": "key"],
                ExpressionAttributeValues: [":key": .string(key)],
                ExclusiveStartKey: start
            )
            let page = try await call("Query", input, as: Messages.Page.self).output
            for attributes in page.Items ?? [] {
                items.append(try AppItem(attributes: attributes))
            }
            start = page.LastEvaluatedKey
        } while start?.isEmpty == false
        return items
    }

    /// Writes an app if the table still holds what was read: nothing, or an item of that version.
    private func write(_ app: App, over old: AppItem?) async throws(BackendError) {
        var new = AppItem(app: app, version: (old?.version ?? 0) + 1)
        new.foreign = old?.foreign ?? new.foreign
        var input = Messages.PutItem(
            TableName: configuration.tableName,
            Item: try new.attributes(),
            ConditionExpression: "attribute_not_exists(#id)",
            ExpressionAttributeNames: ["#id": "id"]
        )
        if let old {
            input.ExpressionAttributeNames = ["#version": "version"]
            if old.version == 0 {
                input.ConditionExpression = "attribute_not_exists(#version)"
            } else {
                input.ConditionExpression = "#version = :version"
                input.ExpressionAttributeValues = [":version": .number(String(old.version))]
            }
        }
        do throws(AWSError) {
            _ = try await client.send("PutItem", input, as: Messages.Ignored.self)
        } catch {
            guard error.isNamed("ConditionalCheckFailedException") else { throw Self.mapped(error, "PutItem") }
            // An attempt before the last may have been carried out without an answer.
            if error.attempts > 1, let stored = try await item(id: app.id), stored.app == app,
                stored.version == new.version
            {
                return
            }
            throw BackendError(
                .conflict,
                "the app '\(app.id)' \(old == nil ? "exists already" : "was changed meanwhile")"
            )
        }
    }

    private func repeatingOnConflict<Result>(
        _ body: () async throws(BackendError) -> Result
    ) async throws(BackendError) -> Result {
        var attempt = 1
        while true {
            do throws(BackendError) {
                return try await body()
            } catch {
                guard error.code == .conflict, attempt < 5 else { throw error }
                attempt += 1
            }
        }
    }

    private func isPossibleID(_ id: String) -> Bool {
        (1...AppItem.maxIDBytes).contains(id.utf8.count)
    }

    private func call<Output: Decodable>(
        _ operation: String,
        _ input: some Encodable,
        as type: Output.Type
    ) async throws(BackendError) -> (output: Output, attempts: Int) {
        do throws(AWSError) {
            return try await client.send(operation, input, as: type)
        } catch {
            throw Self.mapped(error, configuration.tableName)
        }
    }

    private static func mapped(_ error: AWSError, _ table: String) -> BackendError {
        error.backendError("DynamoDB, \(table)")
    }
}
