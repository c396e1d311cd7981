import CCurl

extension HTTPTransportError.Code {
    /// The kind of failure that a result of libcurl means.
    init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_URL_MALFORMAT: .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
            case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY: .connect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .reset
            case CURLE_FILESIZE_EXCEEDED: .responseTooLarge
            // The scheme was checked before, so an unsupported protocol is the version in the answer.
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .malformedResponse
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
                .tls
            case CURLE_ABORTED_BY_CALLBACK: .cancelled
            default: .failed
            }
    }
}

extension Duration {
    /// The milliseconds of this duration, rounded down and held in libcurl's range.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(min(seconds, 1_000_000)) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
