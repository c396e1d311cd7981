/// Figures as people read them.
enum FigureText {
    /// A figure with its unit: three significant digits or more, thousands apart.
    static func text(_ value: Double, _ unit: String) -> String {
        let number = number(value)
        return unit.isEmpty ? number : "\(number) \(unit)"
    }

    /// A figure alone.
    static func number(_ value: Double) -> String {
        let magnitude = value.magnitude
        guard magnitude < 100 else { return grouped(Int(value.rounded())) }
        let factor: Double = magnitude < 10 ? 100 : 10
        let scaled = Int((value * factor).rounded())
        let fraction = String(abs(scaled) % Int(factor))
        let digits = factor == 100 ? 2 : 1
        let padded = String(repeating: "0", count: digits - fraction.count) + fraction
        return (scaled < 0 ? "-" : "") + "\(abs(scaled) / Int(factor)).\(padded)"
    }

    private static func grouped(_ value: Int) -> String {
        var digits = Array(String(abs(value)))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }
}
