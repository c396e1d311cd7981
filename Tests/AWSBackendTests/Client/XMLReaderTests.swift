import AWSBackend
import TestSupport
import Testing

@Suite("The XML reader")
struct XMLReaderTests {
    private func read(_ text: String) throws(XMLReader.Failure) -> XMLElement {
        try XMLReader.read(Array(text.utf8))
    }

    @Test("elements, text, escapes and CDATA come out, namespaces and comments do not")
    func content() throws {
        let root = try read(
            "<?xml version=\"1.0\"?><R xmlns=\"urn:x\">\n <A>1 &lt; 2 &amp; &#x20AC;</A><!-- no --><B><![CDATA[<x>]]></B>\n"
                + "<A> </A></R>"
        )
        #expect(root.name == "R")
        #expect(root.text.isEmpty)
        #expect(root.children("A").map(\.text) == ["1 < 2 & €", " "])
        #expect(root.value("B") == "<x>")
        #expect(root.firstDescendant("B")?.text == "<x>")
        #expect(root.value("C") == nil)
    }

    @Test("a document with a DTD is refused, whatever it would do")
    func documentType() {
        for text in [
            "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>",
            "<!DOCTYPE a [<!ENTITY x \"xx\"><!ENTITY y \"&x;&x;&x;\">]><a>&y;</a>",
            "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a/>",
        ] {
            #expect(throws: XMLReader.Failure.hasDocumentType) { try read(text) }
        }
    }

    @Test(
        "what is no XML is refused",
        arguments: ["", " ", "{}", "<a>", "<a></b>", "<a/><b/>", "<a>&nope;</a>", "\u{0}"]
    )
    func malformed(text: String) {
        #expect(throws: XMLReader.Failure.notXML) { try read(text) }
    }

    @Test("elements that nest too deep are refused")
    func depth() throws {
        let deep = String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100)
        #expect(throws: XMLReader.Failure.tooDeep) { try read(deep) }
        let tooDeepForTheLibrary = String(repeating: "<a>", count: 5000) + String(repeating: "</a>", count: 5000)
        #expect(throws: XMLReader.Failure.notXML) { try read(tooDeepForTheLibrary) }
    }

    @Test("any mutation of a document is read or refused")
    func mutations() {
        let text = "<R><Error><Code>X&amp;Y</Code><Message><![CDATA[z]]></Message></Error><M a=\"1\">é</M></R>"
        var random = SeededGenerator(seed: 11)
        for _ in 0..<5000 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            _ = Result { try XMLReader.read(bytes) }
        }
    }
}
