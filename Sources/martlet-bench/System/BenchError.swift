/// Why a measurement could not be made.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// An error of a system call, with the system's own text.
    static func system(_ call: String, code: Int32) -> BenchError {
        BenchError("\(call): \(SystemCall.text(of: code))")
    }
}
