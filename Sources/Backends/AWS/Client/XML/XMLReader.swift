import CLibXML2

/// Reads the XML of AWS's query protocols with libxml2.
///
/// Nothing outside the document is ever read: no network, no external entities. A document with a DTD is refused, so that
/// there are no entities to expand either.
package enum XMLReader {
    /// Why a text is not an answer.
    package enum Failure: Error, Equatable {
        case tooLarge
        case notXML
        case hasDocumentType
        case tooDeep
    }

    /// Reads a whole document.
    package static func read(_ bytes: [UInt8]) throws(Failure) -> XMLElement {
        guard isLibraryReady, bytes.count <= maxBytes else { throw .tooLarge }
        let document = unsafe bytes.withUnsafeBytes { buffer in
            unsafe xmlReadMemory(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(buffer.count),
                nil,
                nil,
                options
            )
        }
        guard let document = unsafe document else { throw .notXML }
        defer { unsafe xmlFreeDoc(document) }
        guard unsafe document.pointee.intSubset == nil, unsafe document.pointee.extSubset == nil else {
            throw .hasDocumentType
        }
        guard let root = unsafe xmlDocGetRootElement(document) else { throw .notXML }
        return try unsafe element(root, depth: 0)
    }

    private static let maxBytes = 64 << 20
    private static let maxDepth = 64
    private static let options = Int32(
        XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
            | XML_PARSE_NOCDATA.rawValue
    )

    /// Makes the library ready for several threads; done once.
    private static let isLibraryReady: Bool = {
        xmlInitParser()
        return true
    }()

    private static func element(_ node: xmlNodePtr, depth: Int) throws(Failure) -> XMLElement {
        guard depth < maxDepth else { throw .tooDeep }
        var result = XMLElement(name: unsafe string(node.pointee.name))
        var next = unsafe node.pointee.children
        while let child = unsafe next {
            switch unsafe child.pointee.type {
            case XML_ELEMENT_NODE: result.children.append(try unsafe element(child, depth: depth + 1))
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE: result.text += unsafe string(child.pointee.content)
            default: break
            }
            unsafe next = child.pointee.next
        }
        if !result.children.isEmpty {
            result.text = ""
        }
        return result
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        guard let text = unsafe text else { return "" }
        return unsafe String(cString: text)
    }
}
