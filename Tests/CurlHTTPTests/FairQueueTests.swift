import CurlHTTP
import TestSupport
import Testing

@Suite("The fair queue")
struct FairQueueTests {
    @Test("keys take turns and keep their own order")
    func turns() {
        var queue = FairQueue<String, String>(maxOutPerKey: 10)
        for element in ["a1", "a2", "a3", "b1", "c1", "b2"] {
            queue.append(element, for: String(element.prefix(1)))
        }
        var order: [String] = []
        while let element = queue.next() { order.append(element) }
        #expect(order == ["a1", "b1", "c1", "a2", "b2", "a3"])
    }

    @Test("a key at its limit waits until one of its elements is finished")
    func limit() {
        var queue = FairQueue<String, Int>(maxOutPerKey: 1)
        queue.append(1, for: "a")
        queue.append(2, for: "a")
        #expect(queue.next() == 1)
        #expect(queue.next() == nil)
        queue.append(3, for: "b")
        #expect(queue.next() == 3)
        queue.finish("a")
        #expect(queue.next() == 2)
        #expect(queue.outCount == 2)
    }

    @Test("random use agrees with a list, and nothing is lost")
    func random() {
        var random = SeededGenerator(seed: 7)
        var queue = FairQueue<Int, Int>(maxOutPerKey: 3)
        var waiting: [Int: [Int]] = [:]
        var out: [Int: Int] = [:]
        for step in 0..<100_000 {
            let key = Int.random(in: 0..<8, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                queue.append(step * 8 + key, for: key)
                waiting[key, default: []].append(step * 8 + key)
            case 4..<7:
                let element = queue.next()
                let eligible = waiting.contains { !$0.value.isEmpty && out[$0.key, default: 0] < 3 }
                #expect((element != nil) == eligible)
                if let element {
                    #expect(waiting[element % 8]?.removeFirst() == element)
                    out[element % 8, default: 0] += 1
                }
            case 7..<9:
                guard out[key, default: 0] > 0 else { continue }
                out[key, default: 0] -= 1
                queue.finish(key)
            default:
                guard step % 50 == 0 else { continue }
                let removed = queue.removeWaiting { $0 % 8 == key }
                #expect(removed == waiting[key, default: []])
                waiting[key] = []
            }
            #expect(queue.waitingCount == waiting.values.reduce(0) { $0 + $1.count })
            #expect(queue.outCount == out.values.reduce(0, +))
        }
    }
}
