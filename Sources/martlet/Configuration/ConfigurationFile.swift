import FoundationEssentials

/// A configuration file, found and read.
struct ConfigurationFile: Sendable, Equatable {
    /// The path as it was given or found.
    var path: String
    var tree: ConfigNode

    /// Where a file is looked for, the first wins.
    static let defaultPaths = ["config/config.toml", "config/config.json"]

    /// Reads a named file, or the first of the default ones that exists; `nil` if there is none.
    ///
    /// Relative paths start at `directory`. A file that cannot be read or understood is a problem.
    static func read(
        named path: String?,
        in directory: String,
        environment: [String: String],
        findings: inout Findings
    ) -> ConfigurationFile? {
        guard let path = path ?? existingDefault(in: directory, findings: &findings) else { return nil }
        do throws(Failure) {
            return ConfigurationFile(path: path, tree: try tree(at: path, in: directory, environment: environment))
        } catch {
            findings.problems.append("file \(path): \(error.message)")
            return nil
        }
    }

    private struct Failure: Error {
        var message: String
    }

    private static func existingDefault(in directory: String, findings: inout Findings) -> String? {
        let found = defaultPaths.filter { FileManager.default.fileExists(atPath: absolute($0, in: directory)) }
        if found.count > 1 {
            findings.warnings.append("file \(found[1]): not read, since \(found[0]) exists")
        }
        return found.first
    }

    private static func tree(
        at path: String,
        in directory: String,
        environment: [String: String]
    ) throws(Failure) -> ConfigNode {
        let text = try text(of: absolute(path, in: directory))
        let format: ConfigNode.Format = path.lowercased().hasSuffix(".toml") ? .toml : .json
        do {
            let complete = try Interpolation.replacingVariables(in: text, environment: environment)
            return try ConfigNode(text: complete, format: format)
        } catch let error as Interpolation.UnresolvedVariables {
            throw Failure(message: "variables that are not set: \(error.names.joined(separator: ", "))")
        } catch let error as ConfigNode.SyntaxError {
            throw Failure(message: error.message)
        } catch {
            throw Failure(message: "cannot be read")
        }
    }

    private static func text(of path: String) throws(Failure) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw Failure(message: "cannot be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Failure(message: "is not UTF-8 text")
        }
        return text
    }

    private static func absolute(_ path: String, in directory: String) -> String {
        path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }
}
