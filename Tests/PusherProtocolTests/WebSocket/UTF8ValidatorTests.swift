import PusherProtocol
import TestSupport
import Testing

/// Compares the validator with the standard library's, whole and in pieces.
@Suite struct UTF8ValidatorTests {
    private func verdict(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { UTF8Validator.isValid($0) }
    }

    private func verdict(_ bytes: [UInt8], cutAt cut: Int) -> Bool {
        var validator = UTF8Validator()
        let first = Array(bytes[..<cut])
        let second = Array(bytes[cut...])
        return first.withUnsafeBytes { validator.isValid($0) } && second.withUnsafeBytes { validator.isValid($0) }
            && validator.isComplete
    }

    private func reference(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    @Test("every sequence of two bytes, and every lead with critical followers, is judged as by the standard library")
    func judgesSequences() {
        let critical: [UInt8] = [
            0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff,
        ]
        for first in UInt8.min...UInt8.max {
            #expect(verdict([first]) == reference([first]))
            for second in UInt8.min...UInt8.max {
                #expect(verdict([first, second]) == reference([first, second]))
            }
            guard first >= 0xe0 else { continue }
            for second in critical {
                for third in critical {
                    #expect(verdict([first, second, third]) == reference([first, second, third]))
                    for fourth in critical where first >= 0xf0 {
                        let bytes = [first, second, third, fourth]
                        #expect(verdict(bytes) == reference(bytes))
                    }
                }
            }
        }
    }

    @Test("random texts, whole, damaged and cut anywhere, are judged as by the standard library")
    func judgesRandomTexts() {
        var random = SeededGenerator(seed: 8)
        var valid = 0
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...24, using: &random) {
                let limit: UInt32 = [0x7f, 0x7ff, 0xffff, 0x10ffff].randomElement(using: &random) ?? 0x7f
                if let scalar = UnicodeScalar(UInt32.random(in: 0...limit, using: &random)) {
                    text.unicodeScalars.append(scalar)
                }
            }
            var bytes = Array(text.utf8)
            if Bool.random(using: &random), !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                bytes = bytes.dropLast(Int.random(in: 0...min(2, bytes.count), using: &random))
            }
            let expected = reference(bytes)
            valid += expected ? 1 : 0
            #expect(verdict(bytes) == expected)
            #expect(verdict(bytes, cutAt: Int.random(in: 0...bytes.count, using: &random)) == expected)
        }
        #expect(valid > 5_000)
    }

    @Test("a text byte by byte is complete only at the ends of its characters")
    func knowsCompleteness() {
        var validator = UTF8Validator()
        var complete: [Bool] = []
        for byte in Array("aé€😀".utf8) {
            #expect([byte].withUnsafeBytes { validator.isValid($0) })
            complete.append(validator.isComplete)
        }
        #expect(complete == [true, false, true, false, false, true, false, false, false, true])
    }
}
