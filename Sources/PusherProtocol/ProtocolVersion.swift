/// The versions of the Pusher Channels protocol that clients speak (Pusher protocol docs, "Changelog").
package enum ProtocolVersion {
    /// The versions in use: Java and .NET clients speak 5, Pysher 6, all others 7.
    package static let supported = 4...7
}
