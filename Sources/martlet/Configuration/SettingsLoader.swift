import Configuration
import Server
import ServerCore

/// Reads the configuration: environment over command line over file over defaults.
struct SettingsLoader: Sendable {
    /// The variables of the process.
    var environment: [String: String]
    var commandLine = CommandLineSettings()
    /// Where relative paths start.
    var directory = "."

    /// Reads and validates everything, and throws with every problem at once.
    func load() async throws(SettingsError) -> LoadedSettings {
        var findings = Findings()
        let file = ConfigurationFile.read(
            named: commandLine.configPath,
            in: directory,
            environment: environment,
            findings: &findings
        )
        var layers = [
            SettingsLayer(environment: environment, findings: &findings),
            SettingsLayer(commandLine: commandLine, findings: &findings),
        ]
        if let file {
            layers.append(SettingsLayer(path: file.path, tree: file.tree, findings: &findings))
        }
        var settings = await readKeys(from: layers, findings: &findings)
        readApps(from: layers, into: &settings, findings: &findings)
        let origins = Self.origins(in: layers, of: settings)
        if settings.appManager.apps.isEmpty, settings.drivers.appManager == .memory, findings.problems.isEmpty {
            findings.warnings.append("no app is configured: every connection and request will be refused")
        }
        if findings.problems.isEmpty {
            findings.problems += settings.validate().map { problem in
                let origin = origins[problem.key].map { "\($0): " } ?? ""
                return "\(origin)\(problem)"
            }
        }
        findings.warnings += settings.remarks
        guard findings.problems.isEmpty else {
            throw SettingsError(problems: findings.problems, warnings: findings.warnings)
        }
        return LoadedSettings(settings: settings, warnings: findings.warnings, origins: origins)
    }

    private func readKeys(from layers: [SettingsLayer], findings: inout Findings) async -> Settings {
        let reader = ConfigReader(providers: layers)
        var settings = Settings()
        var refusedDrivers: [(key: SettingKey, problem: String)] = []
        for key in KeyTable.all where key.kind != .apps {
            do {
                guard let content = try await reader.fetchContent(of: key) else { continue }
                if let value = key.kind.value(of: content) {
                    key.store(value, in: &settings)
                } else if case .driver(let role, let offers) = key.kind, case .string(let name) = content {
                    refusedDrivers.append((key, Self.refusal(of: name, role: role, offers: offers)))
                } else {
                    throw MalformedValue(origin: layers.lazy.compactMap { $0.origin(of: key.name) }.first ?? "")
                }
            } catch let error as MalformedValue {
                findings.problems.append("\(error.origin): \(key.name) must be \(key.kind.expectation)")
            } catch {
                findings.problems.append("\(key.name) cannot be read")
            }
        }
        for (key, problem) in refusedDrivers where settings.uses(key) {
            let origin = layers.lazy.compactMap { $0.origin(of: key.name) }.first ?? ""
            findings.problems.append("\(origin): \(key.name) \(problem)")
        }
        return settings
    }

    private static func refusal(of driver: String, role: String, offers: [String]) -> String {
        "'\(driver)' is not offered as the \(role) by this build; it offers \(offers.joined(separator: ", "))"
    }

    /// Takes the inline apps, or the default app in their place.
    private func readApps(from layers: [SettingsLayer], into settings: inout Settings, findings: inout Findings) {
        let defaultApp = settings.appManager.defaultApp
        findings.problems += defaultApp.missingCredentials.map(\.description)
        guard defaultApp.isEnabled else { return }
        if let app = defaultApp.app {
            settings.appManager.apps = [app]
        } else if let layer = layers.last, let node = layer.node(of: AppManagerKeys.inlineApps),
            let origin = layer.origin(of: AppManagerKeys.inlineApps)
        {
            settings.appManager.apps = InlineApps.apps(in: node, origin: origin, findings: &findings)
        }
        if !settings.appManager.registersInlineApps || settings.appManager.skipsInlineApps {
            settings.appManager.apps = []
        }
    }

    private static func origins(in layers: [SettingsLayer], of settings: Settings) -> [String: String] {
        var origins: [String: String] = [:]
        for key in KeyTable.all {
            origins[key.name] = layers.lazy.compactMap { $0.origin(of: key.name) }.first
        }
        if settings.appManager.defaultApp.isNamed {
            origins[AppManagerKeys.inlineApps] = origins["default_app.id"]
        }
        return origins
    }
}

extension ConfigReader {
    /// Reads a key as the type of its kind; a malformed value throws, a missing one is `nil`.
    fileprivate func fetchContent(of key: SettingKey) async throws -> ConfigContent? {
        let name = ConfigKey(key.name)
        return switch key.kind.contentType {
        case .bool: try await fetchBool(forKey: name, isSecret: key.isSecret).map(ConfigContent.bool)
        case .int: try await fetchInt(forKey: name, isSecret: key.isSecret).map(ConfigContent.int)
        case .stringArray:
            try await fetchStringArray(forKey: name, isSecret: key.isSecret).map(ConfigContent.stringArray)
        default: try await fetchString(forKey: name, isSecret: key.isSecret).map(ConfigContent.string)
        }
    }
}

extension Settings {
    /// Says whether the role that a driver key names is switched on at all.
    fileprivate func uses(_ key: SettingKey) -> Bool {
        switch key.name {
        case "rate_limiter.driver": server.rateLimiter.isEnabled
        case "metrics.driver": server.metrics.isEnabled
        default: true
        }
    }
}
