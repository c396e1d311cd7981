import CurlHTTP

/// Decides which job is delivered next, so that no destination can take the places of the others.
///
/// Destinations take turns, each within its own limit. Those that failed last time are suspects and share half of the
/// places, so that even many dead endpoints leave the other half to the living.
struct DeliverySchedule: Sendable {
    /// Jobs of one destination that wait here, before more of them go back to the queue: many for one that answers,
    /// which keeps their order in a burst, few for one that does not.
    private static let backlog = 256
    private static let suspectBacklog = 16
    /// Jobs held here at all; the limits of the backlogs shrink when half of them are held.
    private static let maxHeld = 4_096
    private static let maxSuspects = 10_000

    private let maxDeliveries: Int
    private let maxSuspectDeliveries: Int
    private var queue: FairQueue<WebhookDestination, DeliveryWork>
    private var suspects: Set<WebhookDestination> = []
    private var suspectsOut = 0

    init(maxDeliveries: Int, maxPerDestination: Int) {
        self.maxDeliveries = maxDeliveries
        maxSuspectDeliveries = max(1, maxDeliveries / 2)
        queue = FairQueue(maxOutPerKey: maxPerDestination)
    }

    /// Jobs that can be received without exceeding what may be held.
    var room: Int { max(0, Self.maxHeld - queue.waitingCount - queue.outCount) }

    var isEmpty: Bool { queue.waitingCount == 0 && queue.outCount == 0 }

    var hasWaiting: Bool { queue.waitingCount > 0 }

    /// Takes a job in, or refuses it because its destination has too many here.
    mutating func offer(_ work: DeliveryWork) -> Bool {
        let destination = work.job.destination
        let isCrowded = queue.waitingCount >= Self.maxHeld / 2
        let limit = isCrowded ? 1 : suspects.contains(destination) ? Self.suspectBacklog : Self.backlog
        guard queue.waitingCount(of: destination) < limit else { return false }
        queue.append(work, for: destination)
        return true
    }

    /// The next job to deliver, if one may be delivered now.
    mutating func next() -> DeliveryWork? {
        guard queue.outCount < maxDeliveries else { return nil }
        let allowsSuspects = suspectsOut < maxSuspectDeliveries
        let suspects = suspects
        guard var work = queue.next(where: { allowsSuspects || !suspects.contains($0) }) else { return nil }
        if suspects.contains(work.job.destination) {
            work.isSuspect = true
            suspectsOut += 1
        }
        return work
    }

    /// Ends a delivery; `isHealthy` says how its destination behaved, if it was asked.
    mutating func finish(_ work: DeliveryWork, isHealthy: Bool?) {
        queue.finish(work.job.destination)
        if work.isSuspect { suspectsOut -= 1 }
        switch isHealthy {
        case true?: suspects.remove(work.job.destination)
        case false?:
            if suspects.count >= Self.maxSuspects { suspects.removeAll() }
            suspects.insert(work.job.destination)
        case nil: break
        }
    }

    /// Takes out what waits for one destination, in its order.
    mutating func removeAll(of destination: WebhookDestination) -> [DeliveryWork] {
        queue.removeWaiting(of: destination)
    }

    /// Takes out everything that waits.
    mutating func removeAll() -> [DeliveryWork] {
        queue.removeWaiting { _ in true }
    }
}
