package import NIOCore
package import ServerCore
import Synchronization

/// Notes what a transport tells its node, in order, and lets a test wait for it.
package final class TransportWitness: ClusterReceiver {
    /// Everything that was told so far.
    package struct Account: Sendable {
        /// The messages of each topic.
        package var messages: [ClusterTopic: [ByteBuffer]] = [:]
        package var messageCount = 0
        /// The greatest sequence that came of each topic and publisher.
        package var latest: [ClusterTopic: [UInt64: UInt64]] = [:]
        /// How often each topic was confirmed, and interrupted.
        package var confirmations: [ClusterTopic: Int] = [:]
        package var interruptions: [ClusterTopic: Int] = [:]
        /// The topics that are served now.
        package var served: Set<ClusterTopic> = []
        package var disturbances: [@Sendable (ClusterTopic) -> Bool] = []

        /// The events of a topic without those that were sent again, as a node takes them.
        package func events(on topic: ClusterTopic) -> [ClusterEvent] {
            var last: [UInt64: UInt64] = [:]
            return (messages[topic] ?? []).compactMap { bytes in
                guard let event = Self.event(bytes), event.sequence > last[event.publisher] ?? 0 else { return nil }
                last[event.publisher] = event.sequence
                return event
            }
        }

        fileprivate static func event(_ bytes: ByteBuffer) -> ClusterEvent? {
            switch ClusterMessage(bytes) {
            case .event(let event), .retained(let event, _): event
            default: nil
            }
        }
    }

    private struct State {
        var account = Account()
        var waiters: [(holds: @Sendable (Account) -> Bool, signal: OneShotSignal)] = []
    }

    private let state = Mutex(State())

    /// Makes a witness who saw nothing.
    package init() {}

    /// What was told so far.
    package var account: Account {
        state.withLock(\.account)
    }

    package func received(_ message: ByteBuffer, on topic: ClusterTopic) {
        let event = Account.event(message)
        note { account in
            account.messages[topic, default: []].append(message)
            account.messageCount += 1
            guard let event else { return }
            let latest = account.latest[topic]?[event.publisher] ?? 0
            account.latest[topic, default: [:]][event.publisher] = max(latest, event.sequence)
        }
    }

    package func subscribed(to topics: [ClusterTopic]) {
        note { account in
            for topic in topics {
                account.confirmations[topic, default: 0] += 1
                account.served.insert(topic)
            }
        }
    }

    package func interrupted(_ topics: [ClusterTopic]) {
        note { account in
            for topic in topics {
                account.interruptions[topic, default: 0] += 1
                account.served.remove(topic)
            }
        }
    }

    package func disturbed(_ isAffected: @escaping @Sendable (ClusterTopic) -> Bool) {
        note { $0.disturbances.append(isAffected) }
    }

    /// Waits until the account is such, or the task is cancelled.
    package func wait(until holds: @escaping @Sendable (Account) -> Bool) async {
        let signal = state.withLock { state -> OneShotSignal? in
            if holds(state.account) { return nil }
            let signal = OneShotSignal()
            state.waiters.append((holds, signal))
            return signal
        }
        await signal?.wait()
    }

    /// Waits until topics are served.
    package func wait(forService topics: [ClusterTopic]) async {
        await wait { account in topics.allSatisfy(account.served.contains) }
    }

    private func note(_ change: (inout Account) -> Void) {
        let signals = state.withLock { state -> [OneShotSignal] in
            change(&state.account)
            guard !state.waiters.isEmpty else { return [] }
            var ready: [OneShotSignal] = []
            var waiting = state.waiters
            waiting.removeAll { waiter in
                guard waiter.holds(state.account) else { return false }
                ready.append(waiter.signal)
                return true
            }
            state.waiters = waiting
            return ready
        }
        for signal in signals { signal.signal() }
    }
}
