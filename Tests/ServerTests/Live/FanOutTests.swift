import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import ServerCore
import TestSupport
import Testing

@testable import Server

/// Order and integrity of every frame at a fixed rate, with slow readers among fast ones and resets in between.
///
/// This is what found the fault of the first prototype, which counts of frames and closed loops did not.
@Suite(.timeLimit(.minutes(1)), .serialized) struct FanOutTests {
    /// The ways from the server to its clients.
    struct Way: Sendable, CustomTestStringConvertible {
        var loops: Int
        var sendsDirectly: Bool
        var transport = Transport.plain

        enum Transport: Sendable {
            case plain, tls, unix
        }

        var testDescription: String { "\(transport), \(loops) loops, \(sendsDirectly ? "direct" : "channel")" }
    }

    private static let eventCount = 300

    @Test(
        "every event arrives whole and in order",
        arguments: [
            Way(loops: 1, sendsDirectly: true), Way(loops: 3, sendsDirectly: true),
            Way(loops: 1, sendsDirectly: false), Way(loops: 3, sendsDirectly: false),
            Way(loops: 2, sendsDirectly: true, transport: .tls),
            Way(loops: 2, sendsDirectly: true, transport: .unix), Way(loops: 2, sendsDirectly: false, transport: .unix),
        ]
    )
    func delivers(_ way: Way) async throws {
        try await LiveServer.run(try options(way)) { server in
            let party = Party(way: way, port: server.port)
            let publisher = try await party.join()
            for index in 0..<16 {
                _ = try await party.join(isSlow: index % 4 == 0)
            }
            try await party.waitForSubscriptions()
            try await Self.publish(through: publisher, party: party)
            for guest in party.receivers { guest.hurry() }
            try await Eventually.holds("all \(Self.eventCount) events have come", within: .seconds(30)) {
                party.receivers.dropFirst().allSatisfy {
                    $0.progress.last == Self.eventCount || $0.progress.fault != nil
                }
            }
            for receiver in party.receivers.dropFirst() {
                #expect(receiver.progress.fault == nil)
                #expect(receiver.progress.first == 1 && !receiver.progress.isClosed)
            }
            for passer in party.passers {
                #expect(passer.progress.fault == nil)
            }
            try await party.leave()
            try await Eventually.holds("everything is counted out", within: .seconds(10)) {
                server.server.connections == 0 && server.metric("connected") == 0
                    && server.metric("active_channels") == 0
            }
        }
    }

    /// Publishes at a fixed rate while others come, get a little and are reset.
    private static func publish(through publisher: any Channel, party: Party) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        for number in 1...eventCount {
            try await publisher.writeAndFlush(ByteBuffer(bytes: MaskedFrame.frame(0x81, FanOutReceiver.event(number))))
            if number % 10 == 0 { try await party.passThrough() }
            try await clock.sleep(until: start + .milliseconds(3 * number))
        }
    }

    private func options(_ way: Way) throws -> LiveServer.Options {
        var options = LiveServer.Options()
        options.app.limits.maxClientEventsPerSecond = 0
        options.app.limits.maxEventPayloadBytes = 200_000
        options.server.webSocket.maxPayloadBytes = 1 << 20
        options.server.webSocket.maxPendingMessages = nil
        options.server.webSocket.maxPendingBytes = 1 << 30
        options.server.webSocket.sendsDirectly = way.sendsDirectly
        options.server.listener.eventLoopThreads = way.loops
        switch way.transport {
        case .plain: break
        case .tls:
            let folder = try TestCertificates.make(in: "fan-out-certificates")
            options.server.tls.isEnabled = true
            options.server.tls.certificatePath = folder.appending(path: "server.pem").path
            options.server.tls.keyPath = folder.appending(path: "server.key").path
        case .unix:
            options.server.unixSocket.isEnabled = true
            options.server.unixSocket.path = Party.socketPath
        }
        return options
    }
}

/// The clients of one test.
private final class Party {
    static let socketPath = "/tmp/martlet-fan-out-\(getpid()).sock"

    private let way: FanOutTests.Way
    private let port: Int
    private var channels: [any Channel] = []
    private(set) var receivers: [FanOutReceiver] = []
    private var passing: [(channel: any Channel, receiver: FanOutReceiver)] = []
    /// Those who have been reset.
    private(set) var passers: [FanOutReceiver] = []

    init(way: FanOutTests.Way, port: Int) {
        self.way = way
        self.port = port
    }

    /// Brings one more who stays to the end.
    func join(isSlow: Bool = false) async throws -> any Channel {
        let receiver = FanOutReceiver(isSlow: isSlow)
        let channel = try await connect(receiver, isSlow: isSlow)
        receivers.append(receiver)
        channels.append(channel)
        return channel
    }

    /// Resets the one who came last time, and brings another, who is likely to get the same descriptor.
    func passThrough() async throws {
        for (channel, receiver) in passing {
            passers.append(receiver)
            if way.transport != .unix, let options = channel as? any SocketOptionProvider {
                try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            }
            try await channel.close()
        }
        let receiver = FanOutReceiver(isSlow: passers.count % 2 == 0)
        passing = [(try await connect(receiver, isSlow: true), receiver)]
    }

    func waitForSubscriptions() async throws {
        try await Eventually.holds("all are subscribed", within: .seconds(20)) {
            self.receivers.allSatisfy(\.progress.isSubscribed)
        }
    }

    func leave() async throws {
        for channel in channels + passing.map(\.channel) where channel.isActive {
            try await channel.close()
        }
    }

    private func connect(_ receiver: FanOutReceiver, isSlow: Bool) async throws -> any Channel {
        let tls = way.transport == .tls ? try Self.clientTLS() : nil
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: UInt(isSlow ? 1 : 16))
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: isSlow ? 8_192 : 65_536))
            .channelOption(.socketOption(.so_rcvbuf), value: isSlow ? 8_192 : 1 << 18)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: tls, serverHostname: nil)
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(receiver)
                }
            }
        guard way.transport != .unix else {
            return try await bootstrap.connect(unixDomainSocketPath: Self.socketPath).get()
        }
        return try await bootstrap.connect(host: "127.0.0.1", port: port).get()
    }

    private static func clientTLS() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        return try NIOSSLContext(configuration: configuration)
    }
}
