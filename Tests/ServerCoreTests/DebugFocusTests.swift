import Logging
import Testing

@testable import ServerCore

@Suite("The debug focus")
struct DebugFocusTests {
    private func messages(_ focus: DebugFocus, _ log: (LogFile) -> Void) throws -> [String] {
        var configuration = LogConfiguration()
        configuration.format = .json
        let file = try LogFile(configuration)
        file.pipeline.focus = focus
        log(file)
        return try file.objects().compactMap { $0["message"] as? String }
    }

    private func connection(_ file: LogFile, app: String, socket: String) -> Logger {
        var logger = file.logger("martlet.server")
        logger[.appID] = "\(app)"
        logger[.socketID] = "\(socket)"
        return logger
    }

    @Test("one connection is traced, the others keep their level and build no metadata")
    func socket() throws {
        let messages = try messages(DebugFocus(socketID: "1.2")) { file in
            connection(file, app: "a", socket: "1.2").trace("frame of 1.2")
            let other = connection(file, app: "a", socket: "3.4")
            #expect(other.logLevel == .info)
            other.debug("frame of 3.4")
            other.info("info of 3.4")
            file.logger("martlet.hub").debug("no socket")
            file.logger("martlet.hub").debug("socket in the line", metadata: ["socket.id": "1.2"])
        }
        #expect(messages == ["frame of 1.2", "info of 3.4", "socket in the line"])
    }

    @Test("a channel is traced by the metadata of each line")
    func channel() throws {
        let messages = try messages(DebugFocus(channel: "orders")) { file in
            let logger = connection(file, app: "a", socket: "1.2")
            logger.debug("subscribed", metadata: .init([.channelName: "orders"]))
            logger.debug("subscribed elsewhere", metadata: .init([.channelName: "orders2"]))
            logger.trace("frame")
        }
        #expect(messages == ["subscribed"])
    }

    @Test("with an app and a channel both must be right")
    func both() throws {
        let messages = try messages(DebugFocus(channel: "orders", appID: "a")) { file in
            for app in ["a", "b"] {
                let logger = connection(file, app: app, socket: "1.2")
                logger.debug("channel in \(app)", metadata: .init([.channelName: "orders"]))
                logger.debug("app \(app)")
            }
        }
        #expect(messages == ["channel in a"])
    }

    @Test("a focus may come and go while loggers exist")
    func change() throws {
        var configuration = LogConfiguration()
        configuration.format = .json
        let file = try LogFile(configuration)
        let logger = connection(file, app: "a", socket: "1.2")
        logger.debug("before")
        file.pipeline.focus = DebugFocus(appID: "a")
        logger.debug("during")
        file.pipeline.focus = DebugFocus(appID: "")
        logger.debug("after")
        #expect(try file.objects().compactMap { $0["message"] as? String } == ["during"])
    }
}
