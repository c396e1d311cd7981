/// A listener that cannot be started; the text names the configuration key and the remedy.
package struct ListenerError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
