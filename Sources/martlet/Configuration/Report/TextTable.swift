/// Rows of cells, for a terminal or for a document.
struct TextTable: Sendable {
    var header: [String]?
    var rows: [[String]]

    /// The rows with their columns under each other.
    var alignedLines: [String] {
        let all = (header.map { [$0] } ?? []) + rows
        let columns = all.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            all.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < row.count {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return String(line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)])
        }
    }

    /// The rows as Markdown.
    var markdownLines: [String] {
        let head = header ?? []
        return [Self.markdown(head), Self.markdown(head.map { _ in "---" })] + rows.map(Self.markdown)
    }

    private static func markdown(_ row: [String]) -> String {
        "| "
            + row.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
            .joined(separator: " | ") + " |"
    }
}
