/// A job that was put aside.
package struct RedisDeadLetter: Sendable, Equatable {
    package var id: String
    package var payload: [UInt8]
    package var reason: String
}
