/// A server's whole answer.
package struct HTTPResponse: Sendable, Equatable {
    package var status: Int
    /// The fields of the final answer in the order of arrival, blanks around values removed; trailers come last.
    package var headers: [HTTPField]
    package var body: [UInt8]

    /// Makes a response.
    package init(status: Int, headers: [HTTPField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a field, by its name in any case.
    package func value(of name: String) -> String? {
        headers.first { $0.isNamed(name) }?.value
    }
}
