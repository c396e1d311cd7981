import Server
import ServerCore
import TestSupport
import Testing

@testable import martlet

/// `${NAME}` and `${NAME:-default}` in files.
@Suite
struct InterpolationTests {
    @Test(
        "a reference is replaced, and what is none stays",
        arguments: [
            ("${A}", "1"), ("x${A}y${A}z", "x1y1z"), ("${B:-two}", "two"), ("${A:-two}", "1"),
            ("${EMPTY:-three}", "three"),
            ("${B:-}", ""), ("$A", "$A"), ("${", "${"), ("${A", "${A"), ("${}", "${}"), ("${1A}", "${1A}"),
            ("${A B}", "${A B}"), ("${B:x}", "${B:x}"), ("${B:-x", "${B:-x"), ("${NESTED}", "${A}"), ("é${A}é", "é1é"),
            ("$${A}", "$1"), ("${B:-${A}}", "${A}"),
        ]
    )
    func replacements(text: String, expected: String) throws {
        let environment = ["A": "1", "EMPTY": "", "NESTED": "${A}"]
        #expect(try Interpolation.replacingVariables(in: text, environment: environment) == expected)
    }

    @Test("every variable that is not set is told of, once")
    func unresolved() async throws {
        #expect(throws: Interpolation.UnresolvedVariables(names: ["X", "EMPTY", "Y"])) {
            try Interpolation.replacingVariables(in: "${X} ${EMPTY} ${X} # ${Y}", environment: ["EMPTY": ""])
        }
        let found = try await problems(file: #"{"host":"${X}","mode":"${Y}"}"#)
        #expect(found == ["file config/config.json: variables that are not set: X, Y"])
    }

    @Test("numbers and texts come out of the file as their kind")
    func kinds() async throws {
        let settings = try await load(
            ["P": "77", "TOKEN": ""],
            file: #"{"port":${P},"max_connections":"${P}","http_api":{"stats_token":"${TOKEN:-}"}}"#
        ).settings
        #expect(settings.server.listener.port == 77)
        #expect(settings.server.connection.maxConnections == 77)
        #expect(settings.server.httpAPI.statsToken == nil)
    }

    @Test("random text never crashes and stays as it is without a dollar")
    func randomText() {
        var generator = SeededGenerator(seed: 5)
        let letters = Array("${}:-AB_1 ".unicodeScalars)
        for _ in 0..<50_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...24, using: &generator) {
                text.append(letters[Int.random(in: letters.indices, using: &generator)])
            }
            let result = try? Interpolation.replacingVariables(in: String(text), environment: ["A": "x"])
            if !String(text).contains("${") {
                #expect(result == String(text))
            }
        }
    }
}
