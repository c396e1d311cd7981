/// Puts a response together from the pieces that libcurl hands over.
struct ResponseCollector {
    /// As much as libcurl itself accepts for a single header line.
    private static let maxHeaderBytes = 100 * 1024

    private let maxBodyBytes: Int
    private var headers: [HTTPField] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    /// Why the response was refused, if it was.
    private(set) var failure: HTTPTransportError?

    init(maxBodyBytes: Int) {
        self.maxBodyBytes = maxBodyBytes
    }

    /// Takes one header line with its line end; a status line begins the header anew, as after 100 Continue.
    mutating func takeHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Self.maxHeaderBytes else {
            failure = HTTPTransportError(.responseTooLarge, "the header is larger than \(Self.maxHeaderBytes) bytes")
            return false
        }
        if unsafe line.starts(with: "HTTP/".utf8) {
            headers.removeAll()
            return true
        }
        guard let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")) else { return true }
        let name = unsafe String(decoding: line[..<colon], as: UTF8.self)
        var value = unsafe line[(colon + 1)...]
        while let first = unsafe value.first, first <= 0x20 { unsafe value = value.dropFirst() }
        while let last = unsafe value.last, last <= 0x20 { unsafe value = value.dropLast() }
        headers.append(HTTPField(name, unsafe String(decoding: value, as: UTF8.self)))
        return true
    }

    /// Takes a piece of the body.
    mutating func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= maxBodyBytes - body.count else {
            failure = HTTPTransportError(.responseTooLarge, "the body is larger than \(maxBodyBytes) bytes")
            return false
        }
        unsafe body.append(contentsOf: bytes)
        return true
    }

    /// The response, once libcurl says that it is complete.
    func response(status: Int) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: body)
    }
}
