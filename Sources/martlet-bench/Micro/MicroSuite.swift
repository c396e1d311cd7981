import Digest
import PusherProtocol

/// The pieces that each event or connection passes through.
enum MicroSuite {
    /// Keeps the optimizer from dropping a result that nobody reads.
    @inline(never)
    private static func consume<Value>(_ value: Value) {
        withExtendedLifetime(value) {}
    }

    /// All of them, on an event with 200 bytes of data.
    static func all() -> [MicroBenchmark] {
        let data = Array(EventText(dataBytes: 200).data(stamp: 1).utf8)
        let body = Array(
            #"{"name":"bench","channel":"bench-0","data":"\#(String(decoding: data, as: UTF8.self))"}"#.utf8
        )
        return [encodeFrame(data), scan(body), signatureCheck(body), channelAuth(), handshake()]
    }

    private static func encodeFrame(_ data: [UInt8]) -> MicroBenchmark {
        let name = Array("bench".utf8)
        return MicroBenchmark(name: "encode an event's frame") {
            name.withUnsafeBytes { name in
                data.withUnsafeBytes { data in
                    consume(ServerMessage.applicationEvent(escapedName: name, channel: "bench-0", escapedData: data))
                }
            }
        }
    }

    private static func scan(_ body: [UInt8]) -> MicroBenchmark {
        MicroBenchmark(name: "scan a publish's body (\(body.count) bytes)") {
            let outcome: Result<Int, JSONError> = body.withUnsafeBytes { bytes in
                do throws(JSONError) {
                    var scanner = JSONScanner(bytes)
                    var members = 0
                    try scanner.beginObject()
                    while try scanner.nextMember() != nil {
                        try scanner.skipValue()
                        members += 1
                    }
                    try scanner.finish()
                    return .success(members)
                } catch {
                    return .failure(error)
                }
            }
            consume(try outcome.get())
        }
    }

    private static func signatureCheck(_ body: [UInt8]) -> MicroBenchmark {
        let key = HMACKey(secret: "bench-secret")
        let digest = MD5.hash(body).hex
        let text = Array(
            "POST\n/apps/bench/events\nauth_key=bench-key&auth_timestamp=1700000000&auth_version=1.0&body_md5=\(digest)"
                .utf8
        )
        let signature = key.sign(text).hex
        return MicroBenchmark(name: "check a publish's MD5 and signature") {
            guard MD5.hash(body).matches(hex: digest), key.sign(text).matches(hex: signature) else {
                throw BenchError("a signature that does not match")
            }
        }
    }

    private static func channelAuth() -> MicroBenchmark {
        let key = HMACKey(secret: "bench-secret")
        let signature = key.sign("123456.654321:private-bench-0").hex
        return MicroBenchmark(name: "check a private channel's auth") {
            guard key.sign("123456.654321:private-bench-0").matches(hex: signature) else {
                throw BenchError("a signature that does not match")
            }
        }
    }

    private static func handshake() -> MicroBenchmark {
        MicroBenchmark(name: "Sec-WebSocket-Accept") {
            consume(WebSocketHandshake.accept(forKey: "dGhlIHNhbXBsZSBub25jZQ=="))
        }
    }
}
