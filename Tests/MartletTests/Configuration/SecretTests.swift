import Server
import ServerCore
import Testing

@testable import martlet

/// What must never be shown.
@Suite
struct SecretTests {
    private let secret = "hunter2-hunter2-hunter2"

    private func output(of loaded: LoadedSettings) -> String {
        (ConfigurationReport.printLines(of: loaded) + ConfigurationReport.checkLines(of: loaded))
            .joined(separator: "\n")
    }

    @Test("no secret is printed, whatever layer it comes from")
    func printing() async throws {
        let fromVariables = try await load([
            "MARTLET_HTTP_API_STATS_TOKEN": secret, "SOCKUDO_DEFAULT_APP_ID": "1", "SOCKUDO_DEFAULT_APP_KEY": "k",
            "SOCKUDO_DEFAULT_APP_SECRET": secret, "MARTLET_DEFAULT_APP_PREVIOUS_SECRETS": "a,\(secret)",
        ])
        #expect(fromVariables.settings.server.httpAPI.statsToken == secret)
        #expect(fromVariables.settings.appManager.apps[0].previousSecrets == ["a", secret])
        let fromFile = try await load(
            ["S": secret],
            set: ["http_api.stats_token=\(secret)"],
            file: """
                {"app_manager":{"array":{"apps":[{"id":"1","key":"k","secret":"${S}","previous_secrets":["${S}"],
                "webhooks":[{"url":"http://h/?t=${S}","event_types":[],"headers":{"Authorization":"${S}"}}]}]}}}
                """
        )
        #expect(fromFile.settings.appManager.apps[0].secret == secret)
        for loaded in [fromVariables, fromFile] {
            #expect(!output(of: loaded).contains("hunter2"))
            #expect(output(of: loaded).contains(ConfigurationReport.mask))
        }
    }

    @Test("no secret is in a problem", arguments: ["{\"secret\": 1}", "[", "{\"secret\": \"${S}\" "])
    func problemTexts(app: String) async throws {
        let found = try await problems(
            ["S": secret, "MARTLET_HTTP_API_STATS_TOKEN": "hunter2"],
            file: "{\"app_manager\":{\"array\":{\"apps\":[\(app)]}},\"http_api\":{\"stats_token\":[\"${S}\"]}}"
        )
        #expect(!found.isEmpty)
        #expect(!found.joined().contains("hunter2"))
    }

    @Test("a secret can come from a file that a variable names")
    func secretFile() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("\(secret)\n", to: "token")
        let loaded = try await load(["MARTLET_HTTP_API_STATS_TOKEN_FILE": path])
        #expect(loaded.settings.server.httpAPI.statsToken == secret)
        #expect(loaded.origins["http_api.stats_token"] == "environment variable MARTLET_HTTP_API_STATS_TOKEN_FILE")
        #expect(!loaded.warnings.contains { $0.contains("_FILE") })
    }

    @Test("a secret's file that is missing, or is named beside the secret, stops the start")
    func brokenSecretFile() async throws {
        let missing = try await problems(["SOCKUDO_DEFAULT_APP_SECRET_FILE": "/nonexistent/secret"])
        #expect(missing.contains { $0.hasPrefix("environment variable SOCKUDO_DEFAULT_APP_SECRET_FILE: cannot read") })
        let both = try await problems([
            "MARTLET_HTTP_API_STATS_TOKEN_FILE": "/x", "MARTLET_HTTP_API_STATS_TOKEN": secret,
        ])
        #expect(both.count == 1)
        #expect(!both.joined().contains("hunter2"))
    }
}
