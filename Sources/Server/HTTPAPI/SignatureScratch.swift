import Digest

/// What the verification of one signature after another uses again.
///
/// Threading: one thread at a time.
package final class SignatureScratch {
    let digests = DigestScratch()
    /// The memory of the signed text.
    private var text: [UInt8] = []

    /// Makes a scratch.
    package init() {}

    /// Calls the closure with an empty text, whose memory is kept.
    func withText<Result>(_ body: (inout [UInt8]) -> Result) -> Result {
        var text = self.text
        // Taken out, so that it is written to in place.
        self.text = []
        defer { self.text = text }
        text.removeAll(keepingCapacity: true)
        return body(&text)
    }
}
