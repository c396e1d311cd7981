/// Why the server closes a connection (Pusher protocol 7, "Error codes").
///
/// The range tells the client what to do: 4000-4099 never reconnect, 4100-4199 back off for a second or more,
/// 4200-4299 reconnect at once. A close never carries 43xx, which pusher-js takes as a refusal for good.
package enum CloseCode: UInt16, Sendable, CaseIterable {
    case tlsRequired = 4000
    case appNotFound = 4001
    case appDisabled = 4003
    case appOverConnectionQuota = 4004
    case pathNotFound = 4005
    case invalidVersion = 4006
    case unsupportedProtocolVersion = 4007
    case noProtocolVersion = 4008
    case unauthorized = 4009
    case overCapacity = 4100
    case reconnect = 4200
    case pongNotReceived = 4201
    case inactive = 4202

    /// A text for people, where no better one is at hand.
    package var defaultMessage: String {
        switch self {
        case .tlsRequired: "This app accepts TLS connections only"
        case .appNotFound: "App does not exist"
        case .appDisabled: "App is disabled"
        case .appOverConnectionQuota: "App is over its connection quota"
        case .pathNotFound: "Path not found"
        case .invalidVersion: "Invalid version string"
        case .unsupportedProtocolVersion: "Unsupported protocol version"
        case .noProtocolVersion: "No protocol version supplied"
        case .unauthorized: "Connection is unauthorized"
        case .overCapacity: "Over capacity"
        case .reconnect: "Please reconnect"
        case .pongNotReceived: "Pong reply not received in time"
        case .inactive: "Closed after inactivity"
        }
    }
}
