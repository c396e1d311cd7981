import Foundation
import PusherProtocol
import TestSupport
import Testing

/// Compares the scanner's verdict on mutated texts with Foundation's parser.
@Suite struct JSONReferenceTests {
    @Test("the verdict on 200,000 mutated texts is the reference parser's", arguments: [UInt64(1), 2, 3, 4])
    func agreesOnMutations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<50_000 {
            let bytes = mutate(Self.seeds.randomElement(using: &random) ?? [], &random)
            guard isComparable(bytes) else { continue }
            let isValid = (try? bytes.withUnsafeBytes { try JSONScanner.validate($0) }) != nil
            let isReferenceValid = isAcceptedByReference(bytes)
            #expect(isValid == isReferenceValid, "\(String(decoding: bytes, as: UTF8.self))")
            accepted += isValid ? 1 : 0
        }
        // Both verdicts must be common for the comparison to mean something.
        #expect((5_000..<45_000).contains(accepted))
    }

    private static let seeds: [[UInt8]] = [
        JSONScannerTests.sample,
        #"{"event":"client-typing","channel":"presence-lobby","data":{"on":true,"at":[1,-2.5e3,0]}}"#,
        #"{"batch":[{"name":"a","channel":"news","data":"1"},{"name":"b","channel":"x","data":"\u20ac\n"}]}"#,
        #"["",[],{},[{}],"\ud83d\ude00","é€😀",null,true,false,10]"#,
        #""abcdefgh\"ijklmnop\\qrstuvwx\/""#,
    ].map { Array($0.utf8) }

    private static let alphabet =
        Array(#"{}[]:,"\/ueE+-.0123456789ntrfbals "#.utf8) + [0x0a, 0x1f, 0x80, 0xc3, 0xa9, 0xed, 0xf0]

    private func mutate(_ original: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            let byte = Self.alphabet.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[index] = byte
            case 1: bytes.insert(byte, at: index)
            case 2: bytes.remove(at: index)
            case 3: bytes.swapAt(index, Int.random(in: 0..<bytes.count, using: &random))
            case 4: bytes.insert(contentsOf: bytes[index..<min(index + 9, bytes.count)], at: index)
            default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        return bytes
    }

    // Foundation guesses UTF-16 and UTF-32 from zero bytes and byte order marks at the start, lets a comma pass before
    // the end of a container, and refuses numbers that no double holds.
    private func isComparable(_ bytes: [UInt8]) -> Bool {
        guard !bytes.prefix(4).contains(where: { $0 == 0 || $0 >= 0xef }) else { return false }
        let dense = String(decoding: bytes.filter { $0 > 0x20 && $0 < 0x80 }, as: UTF8.self)
        return dense.firstMatch(of: /,[\]}]|[eE][-+]?[0-9]{3}/) == nil
    }

    private func isAcceptedByReference(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
    }
}
