/// One member of an object whose value has not been read yet.
package struct JSONMember: Sendable {
    package var key: JSONText
    /// The kind of the value that the scanner stands at.
    package var kind: JSONKind
}
