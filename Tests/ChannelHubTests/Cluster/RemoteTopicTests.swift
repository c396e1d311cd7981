import NIOCore
import PusherProtocol
import ServerCore
import Testing

@testable import ChannelHub

/// What a node has to say of one topic.
struct RemoteTopicTests {
    private let topic = RemoteTopic(
        ClusterTopic(.channel, appID: "1", name: "news"),
        kind: ChannelKind(name: "news"),
        followsCounts: false
    )

    private func step(_ node: ClusterNode) -> RemoteStep {
        let part = LocalPart(subscriptions: 1, telling: .occupancyNews)
        if case .record = topic.nextStep(part, node: node) { topic.endRecording() }
        return topic.nextStep(part, node: node)
    }

    private func outcome(version: UInt64) -> ClusterOutcome {
        var outcome = ClusterOutcome()
        outcome.version = version
        outcome.accepted = 1
        outcome.counts.subscriptions = 1
        outcome.news = [ClusterNews(number: version, content: .occupied)]
        return outcome
    }

    @Test("what was noted under a name that was given up meanwhile is not noted")
    func staleOutcome() throws {
        topic.open()
        topic.noteChange()
        guard case .update = step(.random()) else { return #expect(Bool(false), "an update is due") }
        topic.noteNewName()
        #expect(topic.finish(outcome(version: 1), now: .now()).news == [])
        guard case .update(let update) = step(.random()) else { return #expect(Bool(false), "an update is due") }
        #expect(!update.wasNoted)
        #expect(update.isWhole)
        #expect(topic.finish(outcome(version: 2), now: .now()).news.count == 1)
        #expect(topic.isAsserted)
    }
}
