import CLinux

/// Binds this process to one core.
enum Affinity {
    /// Binds the calling thread and those that it starts later.
    static func pin(toCore core: Int) throws(BenchError) {
        guard core >= 0, martlet_pin(UInt32(core)) == 0 else { throw BenchError("there is no core \(core)") }
    }
}
