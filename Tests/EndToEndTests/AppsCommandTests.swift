import Foundation
import TestSupport
import Testing

/// The commands about apps, as a shell runs them, against DynamoDB.
@Suite(
    .enabled(if: EmulatedAWS.runsTests, "\(EmulatedAWS.remedy)"),
    .timeLimit(.minutes(5))
)
struct AppsCommandTests {
    /// How a command ended.
    private struct Outcome {
        var status: Int32?
        var output: String

        /// The JSON in the output.
        func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(Value.self, from: Data(output.utf8))
        }
    }

    private struct AppObject: Decodable, Equatable {
        struct Policy: Decodable, Equatable {
            struct Limits: Decodable, Equatable {
                var max_connections: Int
            }

            var limits: Limits
        }

        var id: String
        var key: String
        var secret: String?
        var previous_secrets: [String]?
        var enabled: Bool
        var policy: Policy
    }

    private let table = "apps-\(UUID().uuidString)"

    private func martlet(_ arguments: [String], driver: String = "dynamodb") async throws -> Outcome {
        let aws = try await EmulatedAWS.shared()
        let process = try ChildProcess(
            PackagePaths.executable("martlet"),
            arguments: ["apps"] + arguments,
            environment: [
                "APP_MANAGER_DRIVER": driver, "DATABASE_DYNAMODB_TABLE_NAME": table,
                "DATABASE_DYNAMODB_ENDPOINT_URL": aws.endpoint, "AWS_ACCESS_KEY_ID": aws.accessKeyID,
                "AWS_SECRET_ACCESS_KEY": aws.secretAccessKey, "AWS_EC2_METADATA_DISABLED": "true",
            ],
            logFile: PackagePaths.logs.appending(path: "apps-\(UUID().uuidString).log")
        )
        let status = await process.waitForExit(within: .seconds(60))
        return Outcome(status: status, output: process.log)
    }

    @Test("an app lives from its creation to its deletion")
    func life() async throws {
        #expect(try await martlet(["table", "create", "--dynamodb"]).status == 0)
        let again = try await martlet(["table", "create", "--dynamodb"])
        #expect(again.status == 0 && again.output.contains("exists"))

        let created = try await martlet(["create", "--json", "--max-connections", "5", "--client-events"])
        #expect(created.status == 0)
        let app: AppObject = try created.json()
        #expect(app.id.count == 10 && app.id.allSatisfy(\.isNumber))
        #expect(app.secret?.count == 64)
        #expect(app.policy.limits.max_connections == 5)
        #expect(try await martlet(["create", "--id", app.id]).status == 4)
        #expect(try await martlet(["create", "--id", "a/b"]).status == 2)
        #expect(try await martlet(["create", "--id", "dry", "--dry-run"]).status == 0)

        let listed = try await martlet(["list", "--json"])
        #expect(try listed.json([AppObject].self).map(\.id) == [app.id])
        #expect(!listed.output.contains(app.secret ?? "-"))
        #expect(try await martlet(["get", app.id]).output.contains("(hidden)"))
        #expect(try await martlet(["get", "dry"]).status == 3)

        let updated: AppObject = try await martlet(["update", app.id, "--max-connections", "9", "--json"]).json()
        #expect(updated.policy.limits.max_connections == 9)
        #expect(try await martlet(["update", app.id, "--max-connections", "-1"]).status != 0)

        let rotated: AppObject = try await martlet(["rotate-secret", app.id, "--json"]).json()
        #expect(rotated.secret != app.secret)
        #expect(rotated.previous_secrets == [app.secret ?? ""])
        #expect(try await martlet(["rotate-secret", app.id, "--drop-previous"]).status == 0)
        let current: AppObject = try await martlet(["get", app.id, "--json", "--with-secrets"]).json()
        #expect(current.secret == rotated.secret)
        #expect(current.previous_secrets == nil)

        let disabled: AppObject = try await martlet(["disable", app.id, "--json"]).json()
        #expect(!disabled.enabled)
        let enabled: AppObject = try await martlet(["update", app.id, "--enable-app", "--json"]).json()
        #expect(enabled.enabled)

        let exported = try await martlet(["export"])
        let file = PackagePaths.logs.appending(path: "\(table).json")
        try Data(exported.output.utf8).write(to: file)
        #expect(try await martlet(["import", file.path]).status == 4)
        #expect(try await martlet(["import", file.path, "--replace", "--dry-run"]).status == 0)
        #expect(try await martlet(["delete", app.id]).status == 0)
        #expect(try await martlet(["delete", app.id]).status == 3)
        #expect(try await martlet(["import", file.path]).status == 0)
        let restored: AppObject = try await martlet(["get", app.id, "--json", "--with-secrets"]).json()
        #expect(restored.secret == rotated.secret)
    }

    @Test("a store that cannot be reached and one that is the configuration are told apart from a missing app")
    func failures() async throws {
        let missing = try await martlet(["list"])
        #expect(missing.status == 1)
        #expect(missing.output.contains(table))
        let memory = try await martlet(["create"], driver: "memory")
        #expect(memory.status == 1)
        #expect(memory.output.contains("app_manager.array.apps"))
        #expect(try await martlet(["list"], driver: "memory").status == 0)
    }
}
