"""Everything that clients and servers do, done at different nodes of one cluster.

Starts three nodes with the configuration of the arguments. The same scenarios run over every kind of Redis.
"""

import asyncio
import http.client
import json
import sys

import websockets
from cluster import Cluster, merge, parse
from harness import eventually, expect, expect_equal, run_all, scenario, unique
from hooks import Hooks
from pusher_socket import PusherSocket
from signing import api, publish, signed_target


class Publisher:
    """Publishes over one kept-alive connection to one node, one request after the other."""

    def __init__(self, node, app=None):
        self.node = node
        self.app_ = app or node.app()
        self.connection = http.client.HTTPConnection(node.host, node.port, timeout=15)

    def _post(self, body):
        raw = json.dumps(body).encode()
        target = signed_target(self.app_, "POST", f"/apps/{self.app_.id}/events", raw)
        self.connection.request("POST", target, raw, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    async def publish(self, channel, name, data, **extra):
        return await asyncio.to_thread(self._post, {"name": name, "channel": channel, "data": data, **extra})

    def close(self):
        self.connection.close()


async def sockets_of(cluster, app=None, count=1):
    """Connections to every node, `count` each."""
    return [await PusherSocket.establish(node, app) for node in cluster.nodes for _ in range(count)]


async def close_all(sockets):
    for socket in sockets:
        await socket.close()


async def closes(socket, code):
    async with asyncio.timeout(10):
        await socket.connection.wait_closed()
    expect_equal(socket.connection.close_code, code, "the close code")


async def states(socket, wanted):
    """The last state that watchlist events report of each of the wanted users."""
    found = {}
    while set(wanted) - set(found):
        message = await socket.next()
        expect_equal(message["event"], "pusher_internal:watchlist_events", f"the event of {message}")
        for event in json.loads(message["data"])["events"]:
            for user in event["user_ids"]:
                found[user] = event["name"]
    return found


async def answers(cluster, path, wanted, what, query=None, app=None, limit=10):
    """Every node comes to answer a GET with the wanted object."""
    for node in cluster.nodes:
        last = None

        async def is_right(node=node):
            nonlocal last
            last = (await api(node, "GET", path, query=query, app=app and node.app(app))).json()
            return last == wanted

        try:
            await eventually(is_right, what, limit)
        except AssertionError:
            raise AssertionError(f"{what} at {node} is {last}, not {wanted}") from None


@scenario("events of publishers at every node reach subscribers at every node, in each publisher's order, once")
async def order(cluster):
    channel = unique("order-")
    sockets = await sockets_of(cluster, count=2)
    for socket in sockets:
        await socket.subscribe(channel)
    publishers = [Publisher(node) for node in cluster.nodes for _ in range(2)]
    number = 60

    async def work(index, publisher):
        for turn in range(number):
            expect_equal(await publisher.publish(channel, "n", f"{index}:{turn}"), 200, "the status")

    await asyncio.gather(*(work(index, publisher) for index, publisher in enumerate(publishers)))
    for socket in sockets:
        seen = {}
        for _ in range(number * len(publishers)):
            index, turn = (await socket.expect("n", channel))["data"].split(":")
            expect_equal(int(turn), seen.get(index, -1) + 1, f"the next of publisher {index}")
            seen[index] = int(turn)
        await socket.fence()
    for publisher in publishers:
        publisher.close()
    await close_all(sockets)


@scenario("the socket that socket_id names is left out at whatever node it is")
async def exclusion(cluster):
    channel = unique("except-")
    sockets = await sockets_of(cluster)
    for socket in sockets:
        await socket.subscribe(channel)
    for excluded in sockets:
        for node in cluster.nodes:
            await publish(node, channel, "partial", "1", socket_id=excluded.socket_id)
            await publish(node, channel, "fence", "1")
            for socket in sockets:
                if socket is not excluded:
                    await socket.expect("partial", channel)
                await socket.expect("fence", channel)
    await close_all(sockets)


@scenario("a client event reaches the others at every node, in order, and not its sender")
async def client_events(cluster):
    channel = unique("private-client-")
    sockets = await sockets_of(cluster)
    for socket in sockets:
        await socket.subscribe(channel)
    for sender in sockets:
        for number in range(4):
            await sender.send("client-n", {"n": number}, channel=channel)
        for socket in sockets:
            if socket is not sender:
                for number in range(4):
                    message = await socket.expect("client-n", channel)
                    expect_equal(json.loads(message["data"]), {"n": number}, "the data")
        await sender.fence()
    await close_all(sockets)


@scenario("presence is exact: snapshots, members added and removed, a user at two nodes counted once")
async def presence(cluster):
    channel = unique("presence-")
    one, two, three = cluster.nodes
    first = await PusherSocket.establish(one)
    data = await first.subscribe(channel, user={"user_id": "ada", "user_info": {"name": "Ada"}})
    expect_equal(data["presence"], {"count": 1, "ids": ["ada"], "hash": {"ada": {"name": "Ada"}}}, "the snapshot")
    second = await PusherSocket.establish(two)
    data = await second.subscribe(channel, user={"user_id": "bob"})
    expect_equal((data["presence"]["count"], sorted(data["presence"]["ids"])), (2, ["ada", "bob"]), "the snapshot")
    message = await first.expect("pusher_internal:member_added", channel)
    expect_equal(json.loads(message["data"])["user_id"], "bob", "who came")
    # Ada again, at another node: nobody hears of it, and her leaving one of two is nothing either.
    again = await PusherSocket.establish(three)
    data = await again.subscribe(channel, user={"user_id": "ada", "user_info": {"name": "Ada"}})
    expect_equal((data["presence"]["count"], sorted(data["presence"]["ids"])), (2, ["ada", "bob"]), "the snapshot")
    await answers(cluster, f"/channels/{channel}", {"occupied": True, "user_count": 2}, "the count",
                  {"info": "user_count"})
    await first.close()
    await publish(three, channel, "fence", "1")
    await second.expect("fence", channel)
    await again.expect("fence", channel)
    await again.close()
    message = await second.expect("pusher_internal:member_removed", channel)
    expect_equal(json.loads(message["data"]), {"user_id": "ada"}, "who left")
    await answers(cluster, f"/channels/{channel}/users", {"users": [{"id": "bob"}]}, "the users")
    await second.close()
    await answers(cluster, f"/channels/{channel}/users", {"users": []}, "the users")


@scenario("many users who come and go at random nodes at once leave every view exact")
async def presence_race(cluster):
    channel = unique("presence-race-")
    watchers = await sockets_of(cluster)
    for number, watcher in enumerate(watchers):
        await watcher.subscribe(channel, user={"user_id": f"w{number}"})

    async def visit(number):
        node = cluster.nodes[number % 3]
        async with await PusherSocket.establish(node) as socket:
            await socket.request_subscription(channel, user={"user_id": f"u{number % 5}"})
            while (await socket.next())["event"] != "pusher_internal:subscription_succeeded":
                pass

    await asyncio.gather(*(visit(number) for number in range(30)))
    users = {f"w{number}" for number in range(3)}
    await answers(
        cluster, f"/channels/{channel}", {"occupied": True, "user_count": 3}, "the count", {"info": "user_count"}
    )
    await publish(cluster.nodes[0], channel, "fence", "1")
    for number, watcher in enumerate(watchers):
        view = {f"w{other}" for other in range(number + 1)}
        while (message := await watcher.next())["event"] != "fence":
            user = json.loads(message["data"])["user_id"]
            if message["event"] == "pusher_internal:member_added":
                expect(user not in view, f"{user} was added twice")
                view.add(user)
            else:
                expect_equal(message["event"], "pusher_internal:member_removed", f"{message}")
                expect(user in view, f"{user} was removed without being there")
                view.remove(user)
        expect_equal(view, users, f"the view of watcher {number}")
    await close_all(watchers)


@scenario("subscription counts are those of all nodes")
async def counts(cluster):
    channel = unique("counted-")
    sockets = []
    for number, node in enumerate(cluster.nodes):
        socket = await PusherSocket.establish(node, node.app("counting"))
        sockets.append(socket)
        await socket.subscribe(channel)
        for other in sockets:
            while True:
                message = await other.expect("pusher_internal:subscription_count", channel)
                if json.loads(message["data"])["subscription_count"] == number + 1:
                    break
    await answers(cluster, f"/channels/{channel}", {"occupied": True, "subscription_count": 3}, "the count",
                  {"info": "subscription_count"}, app="counting")
    await sockets.pop().close()
    for socket in sockets:
        message = await socket.expect("pusher_internal:subscription_count", channel)
        expect_equal(json.loads(message["data"])["subscription_count"], 2, "the count")
    await close_all(sockets)


@scenario("channels are listed by prefix with what all nodes have in them, and vanish when the last leaves")
async def listing(cluster):
    prefix = unique("presence-list-")
    sockets = await sockets_of(cluster)
    for number, socket in enumerate(sockets):
        await socket.subscribe(f"{prefix}-{number}", user={"user_id": "u"})
    for number, socket in enumerate(sockets):
        await socket.subscribe(f"{prefix}-all", user={"user_id": f"u{number}"})
    wanted = {f"{prefix}-{number}": {"user_count": 1} for number in range(3)} | {f"{prefix}-all": {"user_count": 3}}
    query = {"filter_by_prefix": prefix, "info": "user_count"}
    await answers(cluster, "/channels", {"channels": wanted}, "the list", query)
    await close_all(sockets)
    await answers(cluster, "/channels", {"channels": {}}, "the list", query)


@scenario("a cache channel answers with its event at nodes that never saw it, and tells info=cache")
async def cache(cluster):
    channel = unique("cache-")
    one, two, three = cluster.nodes
    async with await PusherSocket.establish(one) as first:
        await first.subscribe(channel)
        await first.expect("pusher:cache_miss", channel)
        await publish(two, channel, "price", '{"p":1}')
        await first.expect("price", channel)
        async with await PusherSocket.establish(three) as second:
            await second.subscribe(channel)
            expect_equal((await second.expect("price", channel))["data"], '{"p":1}', "the cached data")
            for node in cluster.nodes:
                answer = (await api(node, "GET", f"/channels/{channel}", query={"info": "cache"})).json()
                expect_equal(answer["cache"]["data"], '{"p":1}', f"the cached data at {node}")


@scenario("watchers hear of users who are online at other nodes")
async def watchlist(cluster):
    friend, absent = unique("friend-"), unique("absent-")
    one, two, three = cluster.nodes
    first = await PusherSocket.establish(one)
    await first.sign_in({"id": friend})
    watcher = await PusherSocket.establish(two)
    await watcher.sign_in({"id": unique("me-"), "watchlist": [friend, absent]})
    expect_equal(await states(watcher, [friend, absent]), {friend: "online", absent: "offline"}, "the states")
    second = await PusherSocket.establish(three)
    await second.sign_in({"id": absent})
    expect_equal(await states(watcher, [absent]), {absent: "online"}, "the state")
    await first.close()
    expect_equal(await states(watcher, [friend]), {friend: "offline"}, "the state")
    await close_all([watcher, second])


@scenario("terminate_connections and force_reconnect reach the user's connections at every node")
async def terminate(cluster):
    for path, code in (("terminate_connections", 4009), ("force_reconnect", 4200)):
        user = unique("user-")
        sockets = await sockets_of(cluster)
        bystander = await PusherSocket.establish(cluster.nodes[2])
        for socket in sockets:
            await socket.sign_in({"id": user})
        await bystander.sign_in({"id": unique("other-")})

        answer = await api(cluster.nodes[1], "POST", f"/users/{user}/{path}", {})
        expect_equal(answer.status, 200, f"the status of {answer}")
        for socket in sockets:
            await closes(socket, code)
        await bystander.fence()
        await bystander.close()


@scenario("an event to a user reaches it at every node")
async def to_user(cluster):
    user = unique("user-")
    channel = f"#server-to-user-{user}"
    sockets = await sockets_of(cluster)
    for socket in sockets:
        await socket.sign_in({"id": user})
        await socket.subscribe(channel, auth="")
    await publish(cluster.nodes[1], channel, "note", "1")
    for socket in sockets:
        await socket.expect("note", channel)
    await close_all(sockets)


@scenario("max_connections counts the connections of all nodes")
async def quota(cluster):
    app = cluster.app("small")
    first = await PusherSocket.establish(cluster.nodes[0], app, origin="https://app.test")
    second = await PusherSocket.establish(cluster.nodes[1], app, origin="https://app.test")
    refused = await PusherSocket.open(cluster.nodes[2], app, origin="https://app.test")
    await refused.expect_error(4004)
    await closes(refused, 4004)
    await first.close()

    async def admitted():
        socket = await PusherSocket.open(cluster.nodes[2], app, origin="https://app.test")
        try:
            if (await socket.next())["event"] == "pusher:connection_established":
                return socket
        except websockets.ConnectionClosed:
            pass
        await socket.close()
        return None

    third = await eventually(admitted, "a connection that ended makes room at another node")
    await close_all([second, third])


@scenario("max_presence_members_per_channel counts the members of all nodes")
async def member_limit(cluster):
    channel = unique("presence-full-")
    sockets = await sockets_of(cluster, cluster.app("few"))
    await sockets[0].subscribe(channel, user={"user_id": "a"})
    await sockets[1].subscribe(channel, user={"user_id": "b"})
    await sockets[2].request_subscription(channel, user={"user_id": "c"})
    seen = [await sockets[2].next() for _ in range(2)]
    expect_equal(
        sorted(message["event"] for message in seen), ["pusher:error", "pusher:subscription_error"], "the refusal"
    )
    await sockets[2].subscribe(channel, user={"user_id": "a"})
    await close_all(sockets)


@scenario("an idempotency key is known at every node")
async def idempotency(cluster):
    channel, key = unique("once-"), unique("key-")
    async with await PusherSocket.establish(cluster.nodes[0]) as socket:
        await socket.subscribe(channel)
        body = {"name": "n", "channel": channel, "data": "1", "idempotency_key": key}
        for node in cluster.nodes * 2:
            answer = await api(node, "POST", "/events", body)
            expect_equal((answer.status, answer.body), (200, "{}"), "the answer")
        for node in cluster.nodes:
            await publish(node, channel, "fence", "1")
        await socket.expect("n", channel)
        for _ in cluster.nodes:
            await socket.expect("fence", channel)


@scenario("webhooks tell each change of the whole cluster exactly once")
async def webhooks(cluster):
    channel = unique("presence-told-")
    sockets = await sockets_of(cluster)
    await asyncio.gather(*(socket.request_subscription(channel, user={"user_id": "u"}) for socket in sockets))
    for socket in sockets:
        await socket.expect("pusher_internal:subscription_succeeded", channel)
    await close_all(sockets)
    hooks = cluster.hooks
    await eventually(lambda: len(hooks.of(channel)) >= 4, "four events", 15)
    # What comes later of another channel shows that nothing follows.
    fence = unique("fence-")
    async with await PusherSocket.establish(cluster.nodes[0]) as socket:
        await socket.subscribe(fence)
    await eventually(lambda: len(hooks.of(fence)) == 2, "the fence", 15)
    expect_equal(
        sorted(hooks.of(channel), key=str),
        [("channel_occupied", None), ("channel_vacated", None), ("member_added", "u"), ("member_removed", "u")],
        "what was told",
    )
    expect_equal(hooks.forged, 0, "bodies with a wrong signature")


def configuration(base, overriding, hooks):
    """The base with the overriding, apps whose webhooks are heard, and times that suit a test."""
    with open(base, encoding="utf-8") as file:
        values = json.load(file)
    apps = values["app_manager"]["array"]["apps"]
    apps.append(
        {
            "id": "7",
            "key": "few-key",
            "secret": "few-secret",
            "enabled": True,
            "policy": {"limits": {"max_presence_members_per_channel": 2}, "features": {}, "channels": {}},
        }
    )
    types = ["channel_occupied", "channel_vacated", "member_added", "member_removed"]
    for app in apps:
        if app["key"] in ("demo-key", "busy-key"):
            app["policy"]["webhooks"] = [{"url": f"http://127.0.0.1:{hooks.port}/hook", "event_types": types}]
    times = {
        "adapter": {
            "cluster_health": {
                "heartbeat_interval_ms": 400,
                "node_timeout_ms": 1500,
                "cleanup_interval_ms": 300,
            },
            "subscription_linger_ms": 1000,
        },
        "webhooks": {"grace_period_ms": 500, "retry": {"initial_backoff_ms": 200, "max_backoff_ms": 1000}},
    }
    return merge(merge(values, times), overriding)


async def run(arguments):
    hooks = Hooks()
    cluster = Cluster(
        binary=arguments.binary,
        configuration=configuration(arguments.base, json.loads(arguments.overriding), hooks),
        logs=arguments.logs,
        name=arguments.name,
    )
    cluster.hooks = hooks
    await hooks.start(cluster.nodes[0].apps.values())
    try:
        await cluster.start()
        succeeded = await run_all(cluster, arguments.only)
    finally:
        statuses = await cluster.stop()
    if statuses != [0, 0, 0]:
        print(f"the nodes ended with {statuses}")
        succeeded = False
    await hooks.stop()
    return succeeded


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run(parse(__doc__).parse_args())) else 1)
