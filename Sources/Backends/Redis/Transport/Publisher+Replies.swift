import Logging
import NIOCore
import ServerCore

extension Publisher {
    /// Asks whether a slot is served, before anything is sent to it that nobody might hear.
    func probe(_ lane: PublishLane, _ link: PublisherLink) -> PublisherLink? {
        guard let tag = lane.queue.first?.tag else { return nil }
        lane.isProbing = true
        waiting.insert(lane.slot)
        link.append { bytes in
            bytes.writeCommandStart("EXISTS", arguments: 1)
            bytes.writeArgument("\(self.environment.options.prefix)s:{\(tag)}")
        } completion: { result in
            lane.isProbing = false
            self.probed(lane, result, at: link.place)
        }
        return link
    }

    private func probed(_ lane: PublishLane, _ result: Result<RESPValue, RedisError>, at place: TransportPlace) {
        switch verdict(result, at: place) {
        case .done, .ask, .refused, .unknownScript:
            lane.needsProbe = false
            lane.failures = 0
            if lane.needsSettling { lane.quietUntil = .now() + TimeAmount(environment.options.settleTime) }
            lane.needsSettling = false
            look(at: lane)
        case .moved:
            lane.needsSettling = lane.needsSettling || routes.isSharded
            lane.failures += 1
            wait(lane, backoff.pause(afterFailures: lane.failures))
        case .busy, .away:
            lane.failures += 1
            routes.refresh()
            wait(lane, backoff.pause(afterFailures: lane.failures))
        }
    }

    func finished(
        _ entry: TransportEntry,
        _ lane: PublishLane,
        _ result: Result<RESPValue, RedisError>,
        at place: TransportPlace
    ) {
        switch verdict(result, at: place) {
        case .done:
            environment.meters.published(1)
            environment.backlog.left(1, bytes: entry.cost)
            drop(lane.succeeded(entry))
            lane.failures = 0
        case .moved:
            lane.failed(entry)
            lane.needsProbe = true
            lane.needsSettling = lane.needsSettling || routes.isSharded
            lane.failures += 1
        case .ask(let address):
            lane.failed(entry.with(.asking(address)))
        case .unknownScript:
            lane.failed(entry.with(.byText))
        case .busy:
            lane.failed(entry)
            lane.needsProbe = true
            lane.failures += 1
        case .away:
            lane.failed(entry)
            lane.needsProbe = true
            lane.needsSettling = true
            lane.failures += 1
            routes.refresh()
        case .refused(let text):
            refused(entry, lane, text, at: place)
        }
        resume(lane)
    }

    /// Looks at a lane again after something of it came back, with a pause while it fails.
    private func resume(_ lane: PublishLane) {
        guard lane.inFlight == 0 else { return }
        if lane.isEmpty { return remove(lane) }
        guard lane.timer == nil else { return }
        if lane.needsProbe, lane.failures > 0 {
            wait(lane, backoff.pause(afterFailures: lane.failures))
        } else {
            look(at: lane)
        }
    }

    /// Keeps a message at the server that takes its slot over, and then publishes it where the subscribers are.
    func ask(_ lane: PublishLane, at address: RedisAddress) -> PublisherLink? {
        let place = TransportPlace.node(address)
        if links[place] == nil { open(place) }
        guard let link = links[place], link.isUp else {
            wait(lane, .milliseconds(50))
            return nil
        }
        guard let entry = lane.next(for: place) else { return nil }
        link.append(replyCount: 2) { bytes in
            entry.write(to: &bytes, prefix: self.environment.options.prefix, isSharded: self.routes.isSharded)
        } completion: { result in
            switch self.verdict(result, at: place) {
            case .done(let reply) where entry.published(reply) != nil:
                lane.failed(entry.published(reply) ?? entry)
            case .refused(let text):
                self.refused(entry, lane, text, at: place)
            default:
                lane.failed(entry.with(.byDigest))
                lane.needsProbe = true
                lane.failures += 1
            }
            self.resume(lane)
        }
        return link
    }

    private func refused(_ entry: TransportEntry, _ lane: PublishLane, _ text: String, at place: TransportPlace) {
        if entry.retention != nil, text.hasPrefix("OOM") {
            // It cannot be kept, but those who are there can have it.
            lane.failed(entry.plain)
        } else {
            lane.landed()
            drop([entry])
        }
        guard refusalToldAt.map({ .now() - $0 > .seconds(60) }) ?? true else { return }
        refusalToldAt = .now()
        environment.logger.warning(
            "messages of the cluster are refused",
            metadata: .init([.peerAddress: "\(place)", .errorMessage: "\(text.prefix(200))"])
        )
    }

    func drop(_ entries: [TransportEntry]) {
        guard !entries.isEmpty else { return }
        environment.meters.dropped(entries.count)
        environment.backlog.left(entries.count, bytes: entries.reduce(0) { $0 + $1.cost })
    }

    /// What a reply means for the message.
    private enum Verdict {
        case done(RESPValue)
        /// Another master serves the slot, as the map says by now.
        case moved
        case ask(RedisAddress)
        case unknownScript
        /// Not now, although the server is there.
        case busy
        /// The slot is not served, or the message may not have arrived.
        case away
        case refused(String)
    }

    private func verdict(_ result: Result<RESPValue, RedisError>, at place: TransportPlace) -> Verdict {
        guard case .success(let reply) = result else { return .away }
        guard case .error(let text) = reply else { return .done(reply) }
        if case .node(let address) = place {
            switch Redirection(text, from: address) {
            case .moved(let slot, let target):
                routes.moved(slot, to: target)
                return .moved
            case .ask(let target): return .ask(target)
            case nil: break
            }
        }
        switch reply.errorKind {
        case "NOSCRIPT": return .unknownScript
        case "TRYAGAIN", "BUSY": return .busy
        case "READONLY", "MASTERDOWN":
            links[place]?.renew()
            return .away
        case "CLUSTERDOWN", "LOADING", "NOREPLICAS", "MISCONF": return .away
        default: return .refused(text)
        }
    }
}

extension TransportEntry {
    fileprivate func with(_ form: Form) -> TransportEntry {
        var entry = self
        entry.form = form
        return entry
    }
}
