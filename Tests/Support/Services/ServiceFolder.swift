package import Foundation
import Synchronization

/// A folder for one run of one service, and the processes in it, which end with this process at the latest.
package enum ServiceFolder {
    private struct Leftovers {
        var pids: Set<pid_t> = []
        var folders: [String] = []
        var isRegistered = false
    }

    private static let leftovers = Mutex(Leftovers())

    /// Makes a folder that is removed at exit.
    package static func make(_ name: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-\(name)-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        leftovers.withLock { $0.folders.append(folder.path) }
        return folder
    }

    /// Kills a process at exit if it still runs then.
    static func endAtExit(_ process: ChildProcess) {
        leftovers.withLock { leftovers in
            leftovers.pids.insert(process.pid)
            guard !leftovers.isRegistered else { return }
            leftovers.isRegistered = true
            atexit {
                ServiceFolder.cleanUp()
            }
        }
    }

    /// Takes a process off the list that has ended, whose number may soon be another's.
    static func hasEnded(_ process: ChildProcess) {
        leftovers.withLock { _ = $0.pids.remove(process.pid) }
    }

    private static func cleanUp() {
        let (pids, folders) = leftovers.withLock { ($0.pids, $0.folders) }
        for pid in pids {
            kill(pid, SIGKILL)
        }
        for folder in folders {
            // What cannot be removed lies in the temporary folder anyway.
            try? FileManager.default.removeItem(atPath: folder)
        }
    }
}
