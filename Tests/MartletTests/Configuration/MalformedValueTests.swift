import Testing

@testable import martlet

/// Values that stop the start.
@Suite
struct MalformedValueTests {
    @Test(
        "a malformed value of each kind names the variable, the key and what it must be",
        arguments: [
            ("DEBUG", "debug", "maybe", "true or false"),
            ("PORT", "port", "abc", "a whole number"),
            ("PORT", "port", "-1", "a whole number"),
            ("PORT", "port", "99999999999999999999", "a whole number"),
            ("ACTIVITY_TIMEOUT", "activity_timeout", "2m", "a whole number of seconds"),
            ("HEALTH_CHECK_TIMEOUT_MS", "health_check_timeout_ms", "1.5", "a whole number of milliseconds"),
            ("WEBSOCKET_MAX_FRAME_SIZE", "websocket.max_frame_size", "1M", "a whole number of bytes"),
            ("WEBSOCKET_MAX_PAYLOAD_KB", "websocket_max_payload_kb", "9223372036854775807", "a whole number of KiB"),
            ("WEBSOCKET_MAX_MESSAGES", "websocket.max_messages", "some", "a whole number, at least 0, or none"),
            ("LOG_OUTPUT_FORMAT", "log.format", "xml", "one of human, json"),
            ("LOG_LEVEL", "log.level", "loud", "one of trace, debug"),
            ("LOG_LEVELS", "log.levels", "hub", "a table of areas and levels"),
        ]
    )
    func kinds(variable: String, key: String, value: String, expectation: String) async throws {
        let fromVariable = try await problems([variable: value])
        #expect(fromVariable.count == 1)
        #expect(
            fromVariable.first?.hasPrefix("environment variable \(variable): \(key) must be \(expectation)") == true
        )
        let fromCommandLine = try await problems(set: ["\(key)=\(value)"])
        #expect(
            fromCommandLine.first?.hasPrefix("command line --set \(key): \(key) must be \(expectation)") == true
        )
        #expect(!fromVariable.joined().contains(value) || value == "-1" || value == "hub")
    }

    @Test(
        "a value of the wrong kind in a file names the file",
        arguments: [
            (#"{"port":"x"}"#, "port must be"), (#"{"port":true}"#, "port must be"), (#"{"port":1.5}"#, "port must be"),
            (#"{"port":[1]}"#, "port must be"), (#"{"debug":2}"#, "debug must be"), (#"{"host":{}}"#, "host must be"),
            (#"{"cors":{"origin":[true]}}"#, "cors.origin must be"), (#"{"websocket":5}"#, "websocket must be a table"),
            (#"{"log":{"levels":{"hub":"loud"}}}"#, "log.levels must be"),
        ]
    )
    func files(text: String, problem: String) async throws {
        let found = try await problems(file: text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("file config/config.json: \(problem)") == true)
    }

    @Test("null in a file counts as not set")
    func null() async throws {
        #expect(try await load(file: #"{"port":null,"websocket":null}"#).settings == Settings())
    }

    @Test("all problems are told at once")
    func allAtOnce() async throws {
        let found = try await problems(["PORT": "x", "DEBUG": "y"], set: ["activity_timeout=z", "nonsense"])
        #expect(found.count == 4)
    }

    @Test("a value that cannot work names its source", arguments: ["70000"])
    func validation(port: String) async throws {
        #expect(try await problems(["PORT": port]) == ["environment variable PORT: port: must be 0 to 65535"])
    }

    @Test("two listeners cannot have one port")
    func samePort() async throws {
        let found = try await problems(["METRICS_PORT": "6001"])
        #expect(found == ["environment variable METRICS_PORT: metrics.port: is the same port as port: 6001"])
    }

    @Test(
        "a driver that is not offered stops the start and says what is",
        arguments: [
            ("APP_MANAGER_DRIVER", "surrealdb", "app manager"), ("ADAPTER_DRIVER", "nats", "adapter"),
            ("CACHE_DRIVER", "none", "cache"), ("QUEUE_DRIVER", "kafka", "queue"),
            ("RATE_LIMITER_DRIVER", "memcached", "rate limiter"),
        ]
    )
    func drivers(variable: String, driver: String, role: String) async throws {
        let found = try await problems([variable: driver])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("environment variable \(variable): ") == true)
        #expect(found.first?.contains("'\(driver)' is not offered as the \(role)") == true)
        #expect(found.first?.contains(variable == "ADAPTER_DRIVER" ? "local" : "memory") == true)
    }

    @Test("the driver of a role that is off is not looked at")
    func unusedDriver() async throws {
        let text = #"{"rate_limiter":{"enabled":false,"driver":"memcached"}}"#
        #expect(try await load(file: text).settings.drivers.rateLimiter == .memory)
    }
}
