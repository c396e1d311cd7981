import Glibc

/// Checks what system calls return.
enum SystemCall {
    /// The system's text for an error number.
    static func text(of code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }

    /// Throws when a call returned a negative number, and returns the number otherwise.
    @discardableResult
    static func check(_ call: String, _ result: Int32) throws(BenchError) -> Int32 {
        guard result >= 0 else { throw .system(call, code: errno) }
        return result
    }
}
