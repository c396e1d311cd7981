import Foundation
import PusherProtocol
import TestSupport
import Testing

/// Feeds messages that were cut, changed and glued together to the reader, and compares with a second parser.
@Suite struct ClientMessageFuzzTests {
    private static let seeds = [
        #"{"event":"pusher:ping","data":{}}"#,
        #"{"event":"pusher:subscribe","data":{"channel":"presence-a","auth":"k:00ff","channel_data":"{\"user_id\":\"1\"}"}}"#,
        #"{"event":"pusher:subscribe","data":"{\"channel\":\"news\",\"auth\":null}"}"#,
        #"{"event":"pusher:unsubscribe","data":{"channel":"news"}}"#,
        #"{"event":"pusher:signin","data":{"auth":"k:00","user_data":"{\"id\":\"1\",\"watchlist\":[\"2\"]}"}}"#,
        #"{"event":"client-typing","channel":"private-a","data":{"on":true,"x":[1,2.5e3,null,"\u00e9\ud83d\ude00"]}}"#,
        #"{"event":"client-typing","channel":"private-a","data":"\"quoted\" \\ \n"}"#,
    ].map { Array($0.utf8) }

    @Test("every prefix of a message is refused")
    func refusesTruncated() {
        for seed in Self.seeds {
            for count in 0..<seed.count {
                #expect(throws: PusherError.self) { try read(Array(seed.prefix(count))) }
            }
        }
    }

    @Test("100,000 mutated messages are read or refused, and what is read was JSON")
    func survivesMutations() throws {
        var random = SeededGenerator(seed: 2026)
        var taken = 0
        for _ in 0..<100_000 {
            let bytes = mutated(&random)
            guard let message = try? read(bytes) else { continue }
            taken += 1
            try check(message, bytes)
        }
        #expect(taken > 5_000)
    }

    @Test("random bytes are refused")
    func refusesNoise() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 0...64, using: &random))
            #expect(throws: PusherError.self) { try read(bytes) }
        }
    }

    private func read(_ bytes: [UInt8]) throws(PusherError) -> ClientMessage {
        let outcome: Result<ClientMessage, PusherError> = bytes.withUnsafeBytes { buffer in
            do throws(PusherError) { return .success(try ClientMessage(buffer)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Self.seeds.randomElement(using: &random) ?? []
        let structure = Array(#"{}[]",:\"#.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let position = Int.random(in: 0..<max(1, bytes.count), using: &random)
            guard position < bytes.count else { continue }
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[position] = structure.randomElement(using: &random) ?? 0
            case 2: bytes.remove(at: position)
            case 3: bytes.insert(structure.randomElement(using: &random) ?? 0, at: position)
            default:
                let other = Self.seeds.randomElement(using: &random) ?? []
                bytes = Array(bytes.prefix(position)) + other.suffix(Int.random(in: 0...other.count, using: &random))
            }
        }
        return bytes
    }

    private func check(_ message: ClientMessage, _ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        guard case .clientEvent(let event) = message else { return }
        // The relayed data must be the content of a JSON string, whatever the client sent.
        let relayed = try JSONSerialization.jsonObject(
            with: Data([UInt8(ascii: "\"")] + event.escapedData + [UInt8(ascii: "\"")]),
            options: .fragmentsAllowed
        )
        #expect(relayed as? String == event.data, "\(text)")
        #expect(event.data.utf8.count == event.dataBytes, "\(text)")
        #expect(event.name.utf8.starts(with: "client-".utf8))
        if object?.count == 3, let string = object?["data"] as? String,
            text.components(separatedBy: "\"data\"").count == 2
        {
            #expect(string == event.data, "\(text)")
        }
    }
}
