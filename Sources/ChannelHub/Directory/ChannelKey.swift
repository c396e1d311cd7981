/// Names one channel of one app on this node.
package struct ChannelKey: Hashable, Sendable {
    /// The app's number in `ActiveApps`, which is shorter to hash and compare than its id.
    package var app: UInt32
    package var name: String

    /// Makes a key.
    package init(app: UInt32, name: String) {
        self.app = app
        self.name = name
    }
}
