import Logging
import MemoryBackend
import NIOCore
import ServerCore
import Synchronization
import TestSupport

@testable import ChannelHub

/// Several hubs of one process that share a cluster in memory.
final class ClusterHarness: Sendable {
    let cluster = MemoryCluster()
    let nodes: [ClusterMember]

    init(nodes count: Int = 3, app: App = .testing(), isHasty: Bool = false) async throws {
        var nodes: [ClusterMember] = []
        for _ in 0..<count {
            nodes.append(try await ClusterMember(cluster: cluster, app: app, isHasty: isHasty))
        }
        self.nodes = nodes
    }

    /// The webhook events of all nodes about a channel, in an order that is right for each node.
    func texts(of channel: String) -> [String] {
        nodes.flatMap { $0.harness.sink.texts }.filter { $0.hasPrefix("\(channel) ") }
    }

    /// How often each webhook event about a channel was told, by node.
    func tally(_ channel: String) -> String {
        nodes.map { node in
            let texts = node.harness.sink.texts.filter { $0.hasPrefix("\(channel) ") }
            let counts = Dictionary(grouping: texts) { $0 }.mapValues(\.count)
            return "\(counts.sorted { $0.key < $1.key }.map { "\($0.key.dropFirst(channel.count + 1)) ×\($0.value)" })"
        }.joined(separator: "; ")
    }

    /// Waits until a condition holds.
    func holds(_ what: String, within limit: Duration = .seconds(20), _ condition: () -> Bool) async throws {
        try await Eventually.holds(what, within: limit) { condition() }
    }

    func stop() async throws {
        for node in nodes {
            try await node.stop()
        }
    }
}

/// Whether what a sink emits gets into its queue.
final class QueueSwitch: Sendable {
    let isOn = Atomic(false)
}

/// One hub with its services.
final class ClusterMember: Sendable {
    let harness: HubHarness
    let transport: MemoryClusterTransport
    let directory: MemoryClusterDirectory
    private let work: Task<Void, Never>
    /// Webhook events get into their queue by themselves.
    let queues: QueueSwitch

    var hub: ChannelHub { harness.hub }
    var app: ActiveApp { harness.app }

    /// A hasty node is given up soon, also when it only waits for its turn.
    init(cluster: MemoryCluster, app: App, isHasty: Bool) async throws {
        let transport = cluster.bus.transport()
        let directory = cluster.directory()
        var configuration = ClusterConfiguration()
        configuration.heartbeatInterval = isHasty ? .milliseconds(200) : .milliseconds(500)
        configuration.nodeTimeout = isHasty ? .milliseconds(700) : .seconds(3)
        configuration.cleanupInterval = .milliseconds(100)
        configuration.lingerInterval = .milliseconds(100)
        var hubConfiguration = HubConfiguration()
        hubConfiguration.webhookGracePeriod = isHasty ? .milliseconds(300) : .seconds(1)
        let link = ClusterLink(
            transport: transport,
            directory: directory,
            configuration: configuration,
            apps: CachedAppManager(store: try MemoryAppManager(apps: [app])),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let harness = try await HubHarness(loops: 2, app: app, configuration: hubConfiguration, cluster: link)
        self.harness = harness
        self.transport = transport
        self.directory = directory
        let queues = QueueSwitch()
        self.queues = queues
        work = Task {
            await withDiscardingTaskGroup { group in
                group.addTask { await harness.hub.runCluster() }
                group.addTask {
                    while !Task.isCancelled {
                        harness.hub.sweep()
                        if queues.isOn.load(ordering: .relaxed) { harness.sink.enqueue() }
                        try? await Task.sleep(for: .milliseconds(10))
                    }
                }
            }
        }
    }

    /// Ends the node as `SIGKILL` would: it says nothing any more.
    func kill() async {
        transport.cut()
        directory.cut()
        work.cancel()
        await work.value
    }

    /// Loses the way to the others and keeps its connections.
    func cut() {
        transport.cut()
        directory.cut()
    }

    /// Finds the way back.
    func restore(forgetting: Bool = false) {
        directory.restore()
        transport.restore(forgetting: forgetting)
    }

    func stop() async throws {
        work.cancel()
        await work.value
        try await harness.stop()
    }

    // MARK: Clients

    /// Connects and subscribes a client, and waits until it is told so.
    func subscribed(to channel: String, user: String? = nil, loop: Int = 0) async throws -> HubPeer {
        let peer = try await harness.connect(loop)
        try await harness.on(loop) { try peer.subscribe($0, to: channel, user: user) }
        try await Eventually.holds("subscribed to \(channel)", within: .seconds(20)) {
            peer.count("pusher_internal:subscription_succeeded") == 1
        }
        return peer
    }

    func disconnect(_ peer: HubPeer) async throws {
        try await harness.on(peer.loop) { peer.disconnect($0) }
    }

    func unsubscribe(_ peer: HubPeer, from channel: String) async throws {
        try await harness.on(peer.loop) { peer.unsubscribe($0, from: channel) }
    }

    func publish(_ data: String, to channel: String) {
        let event = PreparedEvent(frame: .event(data, channel: channel), escapedData: Array(data.utf8))
        _ = hub.publish(event, to: channel, app: app)
    }
}

extension HubPeer {
    /// How many events of a name came.
    func count(_ event: String) -> Int {
        messages.count { $0.event == event }
    }

    /// The data of the published events, in order.
    var events: [String] {
        messages.filter { $0.event == "e" }.map(\.data)
    }

    /// What the client knows of a presence channel after its snapshot and all that came since, and how often it was
    /// told what it knew.
    var members: (users: Set<String>, contradictions: Int) {
        var users: Set<String> = []
        var contradictions = 0
        for message in messages {
            switch message.event {
            case "pusher_internal:subscription_succeeded":
                users = Set(message.ids)
            case "pusher_internal:member_added":
                if !users.insert(message.userID).inserted { contradictions += 1 }
            case "pusher_internal:member_removed":
                if users.remove(message.userID) == nil { contradictions += 1 }
            default: break
            }
        }
        return (users, contradictions)
    }
}

extension ByteBuffer {
    /// A frame as servers send it, with a string as data.
    static func event(_ data: String, channel: String) -> ByteBuffer {
        let payload = #"{"event":"e","channel":"\#(channel)","data":"\#(data)"}"#
        precondition(payload.utf8.count < 126)
        return ByteBuffer(bytes: [0x81, UInt8(payload.utf8.count)] + Array(payload.utf8))
    }
}
