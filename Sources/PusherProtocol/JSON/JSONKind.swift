/// The kind of a JSON value, known from its first byte.
package enum JSONKind: Sendable {
    case object, array, string, number, bool, null
}
