import Glibc

/// Looks at the file descriptors of this process.
package enum OpenDescriptors {
    /// Counts those that are open, the one used for counting included.
    package static func count() throws -> Int {
        guard let directory = opendir("/proc/self/fd") else { throw CannotRead() }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil {
            count += 1
        }
        return count - 2
    }

    /// The list of descriptors cannot be read.
    package struct CannotRead: Error {}
}
