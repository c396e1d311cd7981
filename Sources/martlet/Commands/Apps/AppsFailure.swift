import ArgumentParser
import ServerCore

/// Why a command about apps did not do what it was told.
struct AppsFailure: Error {
    /// The exit statuses, which scripts rely on.
    enum Status: Int32 {
        case storeFailed = 1
        case invalid = 2
        case notFound = 3
        case conflict = 4
    }

    var status: Status
    /// What to tell, one line each.
    var lines: [String]

    /// Makes a failure of one line.
    init(_ status: Status, _ line: String) {
        self.status = status
        lines = [line]
    }

    /// Makes a failure of an app that cannot work.
    init(invalid problems: [ConfigurationProblem]) {
        status = .invalid
        lines = problems.map(\.description)
    }

    /// Makes a failure of the store.
    init(_ error: BackendError) {
        self.init(error.code == .conflict ? .conflict : .storeFailed, error.description)
    }

    /// The failure of an app that is not there.
    static func noApp(_ id: String) -> AppsFailure {
        AppsFailure(.notFound, "there is no app '\(id)'")
    }

    /// Runs a command's work; prints a failure on standard error and ends with its status.
    static func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as BackendError {
            try AppsFailure(error).end()
        } catch let failure as AppsFailure {
            try failure.end()
        }
    }

    private func end() throws -> Never {
        var output = StandardError()
        print(lines.map { "error: \($0)" }.joined(separator: "\n"), to: &output)
        throw ExitCode(status.rawValue)
    }
}
