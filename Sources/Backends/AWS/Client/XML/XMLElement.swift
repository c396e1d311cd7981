/// One element of an XML answer, without attributes and namespaces, which AWS's protocols do not use for data.
package struct XMLElement: Sendable, Equatable {
    package var name: String
    /// All text directly inside, joined; empty when there are only elements.
    package var text: String
    package var children: [XMLElement]

    /// Makes an element.
    package init(name: String, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.text = text
        self.children = children
    }

    /// The first child of a name.
    package func child(_ name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// All children of a name, in their order.
    package func children(_ name: String) -> [XMLElement] {
        children.filter { $0.name == name }
    }

    /// The first element of a name in this one or anywhere below, in document order.
    package func firstDescendant(_ name: String) -> XMLElement? {
        if self.name == name { return self }
        for child in children {
            if let match = child.firstDescendant(name) { return match }
        }
        return nil
    }

    /// The text of a child, or `nil`.
    package func value(_ name: String) -> String? {
        child(name)?.text
    }
}
