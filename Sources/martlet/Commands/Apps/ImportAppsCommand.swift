import ArgumentParser
import FoundationEssentials
import ServerCore

/// The command `martlet apps import`.
struct ImportAppsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Put the apps of a JSON list into the store, as export prints it.",
        discussion: """
            All apps are checked before the first is written. Apps that exist already are an error, unless --replace \
            is given. A single app object is taken too, in either of Sockudo's forms.
            """
    )

    @OptionGroup var catalog: CatalogOptions
    @OptionGroup var change: ChangeOptions

    @Argument(help: "The file to read.")
    var path: String

    @Flag(help: "Replace apps that exist already.")
    var replace = false

    func run() async throws {
        try await AppsFailure.reporting {
            let apps = try Self.apps(at: path)
            try Self.check(apps)
            let store = try await catalog.open(writing: true)
            var existing: [String] = []
            for app in apps where try await store.app(id: app.id) != nil {
                existing.append(app.id)
            }
            guard replace || existing.isEmpty else {
                throw AppsFailure(.conflict, "these apps exist already: \(existing.joined(separator: ", "))")
            }
            if !change.dryRun {
                for app in apps {
                    try await store.put(app, replacing: replace)
                }
            }
            print(
                catalog.json
                    ? try AppReport.json(apps, withSecrets: false) : AppReport.table(apps).joined(separator: "\n")
            )
        }
    }

    private static func apps(at path: String) throws -> [App] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw AppsFailure(.invalid, "\(path) cannot be read")
        }
        do {
            let isList = data.first { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: "[")
            return isList
                ? try JSONDecoder().decode([App].self, from: data) : [try JSONDecoder().decode(App.self, from: data)]
        } catch let error as DecodingError {
            throw AppsFailure(.invalid, "\(path): \(place(of: error))")
        }
    }

    private static func place(of error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            "'\((context.codingPath + [key]).map(\.stringValue).joined(separator: "."))' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is of another type than an app's"
        default:
            "not the JSON of apps"
        }
    }

    private static func check(_ apps: [App]) throws {
        var problems: [ConfigurationProblem] = []
        for (index, app) in apps.enumerated() {
            problems += app.validate().map { ConfigurationProblem(key: "[\(index)].\($0.key)", message: $0.message) }
            for earlier in apps[..<index] {
                problems.require(earlier.id != app.id, "[\(index)].id", "'\(app.id)' is the id of an earlier app")
                problems.require(earlier.key != app.key, "[\(index)].key", "is the key of an earlier app")
            }
        }
        guard problems.isEmpty else { throw AppsFailure(invalid: problems) }
    }
}
