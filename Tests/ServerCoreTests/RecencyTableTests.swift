import ServerCore
import TestSupport
import Testing

@Suite("The recency table")
struct RecencyTableTests {
    /// The same, done the slow and obvious way.
    private struct Model {
        var entries: [(key: Int, value: Int)] = []

        mutating func insert(_ value: Int, for key: Int) -> Int? {
            let old = remove(key)
            entries.append((key, value))
            return old
        }

        mutating func update(_ key: Int, adding amount: Int) -> Int? {
            guard let value = remove(key) else { return nil }
            entries.append((key, value + amount))
            return value + amount
        }

        mutating func remove(_ key: Int) -> Int? {
            entries.firstIndex { $0.key == key }.map { entries.remove(at: $0).value }
        }
    }

    @Test("the least recently used entry is the oldest")
    func order() {
        var table = RecencyTable<String, Int>()
        for (value, key) in ["a", "b", "c"].enumerated() { table.insert(value, for: key) }
        #expect(table.update("a") { $0 } == 0)
        #expect(table.peek("b") == 1)
        #expect(table.removeOldest()?.key == "b")
        #expect(table.removeOldest()?.key == "c")
        #expect(table.removeOldest()?.key == "a")
        #expect(table.removeOldest() == nil)
    }

    @Test("random operations agree with a simple list", arguments: 0..<20)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = RecencyTable<Int, Int>()
        var model = Model()
        for step in 0..<2_000 {
            let key = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: #expect(table.insert(step, for: key) == model.insert(step, for: key))
            case 2: #expect(table.remove(key) == model.remove(key))
            case 3:
                let updated = table.update(key) { value -> Int in
                    value += step
                    return value
                }
                #expect(updated == model.update(key, adding: step))
            case 4:
                let removed = table.removeOldest()
                #expect(removed?.key == model.entries.first?.key)
                if !model.entries.isEmpty { model.entries.removeFirst() }
            default:
                for entry in table.sweep(7, where: { $0 % 3 == 0 }) {
                    #expect(entry.value % 3 == 0)
                    #expect(model.remove(entry.key) == entry.value)
                }
            }
            #expect(table.count == model.entries.count)
            #expect(table.peek(key) == model.entries.first { $0.key == key }?.value)
        }
    }

    @Test("sweeping visits every entry")
    func sweep() {
        var table = RecencyTable<Int, Int>()
        for key in 0..<100 { table.insert(key, for: key) }
        var removed: Set<Int> = []
        for _ in 0..<50 {
            removed.formUnion(table.sweep(2) { $0.isMultiple(of: 2) }.map(\.key))
        }
        #expect(removed == Set(stride(from: 0, to: 100, by: 2)))
        #expect(table.count == 50)
    }
}
