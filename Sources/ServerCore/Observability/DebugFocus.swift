import Logging

/// One connection, channel or app whose whole life is traced while everything else keeps its level.
///
/// A line belongs to the focus if its metadata has every value that is given: with an app and a channel, the lines of
/// that channel in that app. A focus on a socket or an app costs the other connections next to nothing; one on a
/// channel has the metadata of every trace line built to be looked at, so it is for the time of a search.
package struct DebugFocus: Sendable, Equatable {
    package var socketID: String?
    package var channel: String?
    package var appID: String?

    /// Makes a focus; no value, or only empty ones, is none.
    package init(socketID: String? = nil, channel: String? = nil, appID: String? = nil) {
        self.socketID = socketID.flatMap { $0.isEmpty ? nil : $0 }
        self.channel = channel.flatMap { $0.isEmpty ? nil : $0 }
        self.appID = appID.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Says whether there is no focus.
    package var isEmpty: Bool {
        socketID == nil && channel == nil && appID == nil
    }

    /// Says whether a line with this metadata belongs to the focus.
    func matches(_ metadata: Logger.Metadata) -> Bool {
        !isEmpty && conditions.allSatisfy { key, wanted in isEqual(metadata[key.rawValue], wanted) }
    }

    /// Says whether a logger with this metadata may write lines that belong to the focus.
    func mayMatch(_ metadata: Logger.Metadata) -> Bool {
        !isEmpty
            && conditions.allSatisfy { key, wanted in
                metadata[key.rawValue] == nil || isEqual(metadata[key.rawValue], wanted)
            }
    }

    private var conditions: [(LogKey, String)] {
        [(LogKey.socketID, socketID), (.channelName, channel), (.appID, appID)].compactMap { key, value in
            value.map { (key, $0) }
        }
    }

    private func isEqual(_ value: Logger.MetadataValue?, _ wanted: String) -> Bool {
        switch value {
        case .string(let text): text == wanted
        case .stringConvertible(let text): text.description == wanted
        default: false
        }
    }
}
