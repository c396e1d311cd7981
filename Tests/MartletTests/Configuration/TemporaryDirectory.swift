import FoundationEssentials

/// A directory of one test, gone when the test is over.
struct TemporaryDirectory: ~Copyable {
    let path: String

    /// Makes an empty directory.
    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // A directory that stays behind is not worth a failure.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, with its directories, and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: file)
        return file.path()
    }
}

extension TemporaryDirectory {
    /// Writes bytes that need not be text.
    static func write(bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }
}
