extension ClusterTopology {
    /// Understands the reply to CLUSTER SHARDS (Redis 7): a list of shards, each with its slots and nodes.
    ///
    /// `nil` if it is malformed. A node without an address of its own has that of the node which answered.
    init?(shards reply: RESPValue, from node: RedisAddress, usesTLS: Bool) {
        guard let shards = reply.elements else { return nil }
        self = .empty
        for shard in shards {
            guard let fields = Self.fields(shard), let slots = fields["slots"]?.elements,
                let nodes = fields["nodes"]?.elements, slots.count.isMultiple(of: 2)
            else { return nil }
            guard let master = Self.master(among: nodes, from: node, usesTLS: usesTLS) else { continue }
            for index in stride(from: 0, to: slots.count, by: 2) {
                guard let range = Self.range(slots[index], slots[index + 1]) else { return nil }
                assign(range, to: master)
            }
        }
        guard !masters.isEmpty else { return nil }
    }

    /// Understands the reply to CLUSTER SLOTS: a list of ranges, each followed by its master and replicas.
    init?(slots reply: RESPValue, from node: RedisAddress) {
        guard let ranges = reply.elements else { return nil }
        self = .empty
        for entry in ranges {
            guard let parts = entry.elements, parts.count >= 3, let range = Self.range(parts[0], parts[1]),
                let master = parts[2].elements, master.count >= 2,
                let port = master[1].integer.flatMap(Self.port)
            else { return nil }
            assign(range, to: RedisAddress(host: Self.host(master[0].text, from: node), port: port))
        }
        guard !masters.isEmpty else { return nil }
    }

    /// The names and values of a map, which RESP2 sends as one flat list.
    private static func fields(_ value: RESPValue) -> [String: RESPValue]? {
        guard let elements = value.elements, elements.count.isMultiple(of: 2) else { return nil }
        var fields: [String: RESPValue] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let name = elements[index].text else { return nil }
            fields[name] = elements[index + 1]
        }
        return fields
    }

    /// The master of a shard; a failed one stays listed beside its successor for a while.
    private static func master(among nodes: [RESPValue], from node: RedisAddress, usesTLS: Bool) -> RedisAddress? {
        let masters = nodes.compactMap(fields).filter { $0["role"]?.text == "master" }
        guard let master = masters.first(where: { $0["health"]?.text == "online" }) ?? masters.first else { return nil }
        let ports = usesTLS ? ["tls-port", "port"] : ["port", "tls-port"]
        guard let port = ports.lazy.compactMap({ master[$0]?.integer.flatMap(Self.port) }).first else { return nil }
        return RedisAddress(host: host(master["endpoint"]?.text ?? master["ip"]?.text, from: node), port: port)
    }

    private static func host(_ text: String?, from node: RedisAddress) -> String {
        guard let text, !text.isEmpty, text != "?" else { return node.host }
        return text
    }

    private static func port(_ number: Int64) -> Int? {
        (1...65_535).contains(number) ? Int(number) : nil
    }

    private static func range(_ first: RESPValue, _ last: RESPValue) -> ClosedRange<Int>? {
        guard let first = first.integer, let last = last.integer, 0 <= first, first <= last, last < HashSlot.count
        else { return nil }
        return Int(first)...Int(last)
    }
}
