/// Holds tasks back until it is opened; it stays open.
package final class Gate: Sendable {
    private let opened = Recorder<Void>()

    /// Makes a closed gate.
    package init() {}

    /// Lets everybody through, now and later.
    package func open() {
        opened.record(())
    }

    /// Waits until the gate is open or the task is cancelled.
    package func pass() async {
        await opened.wait(for: 1)
    }
}
