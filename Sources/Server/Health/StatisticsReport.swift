import ChannelHub
import NIOCore
import PusherProtocol

/// The numbers of `/stats` and `/usage`, in Sockudo's members, of this node.
struct StatisticsReport {
    private let services: ServerServices

    init(_ services: ServerServices) {
        self.services = services
    }

    /// `/usage`: the memory of the machine, or of the control group that holds the process, in bytes.
    func usage() -> ByteBuffer {
        var json = ByteBuffer()
        json.writeStaticString("{")
        writeMemory(to: &json)
        json.writeStaticString("}")
        return json
    }

    /// `/stats`: memory, totals and each app that has been served.
    func statistics() -> ByteBuffer {
        let apps = services.hub.apps.all
        let perApp = apps.map { (app: $0, occupancy: services.hub.occupancy(of: $0), users: users(of: $0)) }
        var json = ByteBuffer()
        json.writeStaticString("{")
        writeMemory(to: &json)
        json.writeString(#","totals":{"apps":\#(apps.count),"connections":\#(services.state.connections)"#)
        json.writeString(#","users":\#(perApp.reduce(0) { $0 + $1.users }),"occupancy":"#)
        write(perApp.reduce(into: AppOccupancy()) { $0.add($1.occupancy) }, to: &json)
        json.writeStaticString(#"},"apps":["#)
        for (index, entry) in perApp.enumerated() {
            json.writeStaticString(index == 0 ? #"{"id":"# : #",{"id":"#)
            json.writeJSONString(entry.app.id)
            json.writeString(#","connections":\#(entry.app.connections),"users":\#(entry.users),"occupancy":"#)
            write(entry.occupancy, to: &json)
            json.writeStaticString("}")
        }
        json.writeStaticString(#"],"server_role":"default"}"#)
        return json
    }

    private func users(of app: ActiveApp) -> Int { services.hub.signedInUsers(of: app) }

    private func writeMemory(to json: inout ByteBuffer) {
        let memory = SystemMemory.read()
        let percent = memory.total == 0 ? 0 : Double(memory.used) / Double(memory.total) * 100
        json.writeString(#""memory":{"free":\#(memory.free),"used":\#(memory.used),"total":\#(memory.total)"#)
        json.writeString(#","percent":\#((percent * 100).rounded() / 100)}"#)
    }

    private func write(_ occupancy: AppOccupancy, to json: inout ByteBuffer) {
        json.writeString(#"{"channels":\#(occupancy.channels),"subscriptions":\#(occupancy.subscriptions)"#)
        json.writeString(#","presence_channels":\#(occupancy.presenceChannels)"#)
        json.writeString(#","presence_subscriptions":\#(occupancy.presenceSubscriptions)"#)
        json.writeString(#","presence_members":\#(occupancy.presenceMembers)}"#)
    }
}
