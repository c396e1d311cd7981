import Glibc

/// Latency by percentile as an SVG, one line a server, both axes logarithmic.
struct LatencyChart {
    /// A server's name and its pairs of percentile and microseconds.
    var lines: [(name: String, curve: [[Double]])]

    private static let width = 720.0
    private static let height = 360.0
    private static let margin = 56.0
    private static let colors = ["#888888", "#0b6bcb", "#d9480f", "#2b8a3e"]

    /// The picture.
    var svg: String {
        let values = lines.flatMap { $0.curve.map { $0[1] } }.filter { $0 > 0 }
        guard let lowest = values.min(), let highest = values.max(), highest > lowest else { return "" }
        let low = log10(lowest)
        let span = log10(highest) - low
        func y(_ value: Double) -> Double {
            let share = (log10(max(value, lowest)) - low) / span
            return Self.height - Self.margin - share * (Self.height - 2 * Self.margin)
        }
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\""
                + " font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            text("latency by percentile", x: Self.margin, y: 24),
        ]
        for percentile in [0, 50, 90, 99, 99.9] {
            let x = Self.x(percentile)
            parts.append(line(x, Self.margin, x, Self.height - Self.margin))
            parts.append(text("\(FigureText.number(percentile))", x: x - 8, y: Self.height - 36))
        }
        for value in [lowest, (lowest * highest).squareRoot(), highest] {
            parts.append(line(Self.margin, y(value), Self.width - Self.margin, y(value)))
            parts.append(text("\(FigureText.number(value / 1000)) ms", x: 4, y: y(value) - 4))
        }
        for (index, entry) in lines.enumerated() {
            let color = Self.colors[index % Self.colors.count]
            let points = entry.curve.map { "\(Self.x($0[0])),\(y($0[1]))" }.joined(separator: " ")
            parts.append("<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\" points=\"\(points)\"/>")
            parts.append(text(entry.name, x: Self.width - 130, y: 24 + 16 * Double(index), color: color))
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    /// Each nine takes the same width.
    private static func x(_ percentile: Double) -> Double {
        let nines = min(4, -log10(max(1e-4, 1 - percentile / 100)))
        return margin + nines / 4 * (width - 2 * margin)
    }

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line x1=\"\(x1)\" y1=\"\(y1)\" x2=\"\(x2)\" y2=\"\(y2)\" stroke=\"#dddddd\"/>"
    }

    private func text(_ text: String, x: Double, y: Double, color: String = "#222222") -> String {
        "<text x=\"\(x)\" y=\"\(y)\" fill=\"\(color)\">\(text)</text>"
    }
}
