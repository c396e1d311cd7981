"""Three nodes whose Redis goes away and comes back empty; a node that is killed; nodes that are replaced one by one.

The script has a Redis of its own. The third node publishes strictly.
"""

import asyncio
import contextlib
import json
import sys
import tempfile

import websockets
from cluster import Cluster, Redis, merge, now, parse
from harness import eventually, expect, expect_equal, run_all, scenario, unique
from hooks import Hooks
from pusher_socket import PusherSocket
from signing import api, publish


async def health(node):
    """The status of the app's health."""
    return await asyncio.to_thread(node.status, "/up/1")


async def until_health(cluster, status, limit=20):
    for node in cluster.nodes:

        async def has(node=node):
            return await health(node) == status

        await eventually(has, f"the health of {node} is {status}", limit)


@scenario("while Redis is away everything local goes on, and what was published arrives after its return", alone=True)
async def outage(cluster):
    one, two, strict = cluster.nodes
    channel = unique("presence-outage-")
    near, far = await PusherSocket.establish(one), await PusherSocket.establish(two)
    await near.subscribe(channel, user={"user_id": "near"})
    await far.subscribe(channel, user={"user_id": "far"})
    await near.expect("pusher_internal:member_added", channel)
    await until_health(cluster, 200)
    cluster.redis.kill()
    await until_health(cluster, 503)
    for number in range(5):
        await publish(one, channel, "n", str(number))
        expect_equal((await near.expect("n", channel))["data"], str(number), "the local event")
    answer = await api(strict, "POST", "/events", {"name": "n", "channel": channel, "data": "strict"})
    expect_equal(answer.status, 503, "the status of a strict publish")
    await far.fence()
    await cluster.redis.restart()
    for number in range(5):
        expect_equal((await far.expect("n", channel, 30))["data"], str(number), "the late event")
    await until_health(cluster, 200)
    await publish(strict, channel, "n", "after")
    for socket in (near, far):
        expect_equal((await socket.expect("n", channel))["data"], "after", "the event")

    # The members are known again, and nobody was told that they had been away.
    async def is_known():
        answers = [await api(node, "GET", f"/channels/{channel}/users") for node in cluster.nodes]
        return all(answer.status == 200 and len(answer.json()["users"]) == 2 for answer in answers)

    await eventually(is_known, "both members are known everywhere", 10)
    await far.close()
    message = await near.expect("pusher_internal:member_removed", channel)
    expect_equal(json.loads(message["data"]), {"user_id": "far"}, "who left")
    await near.fence()
    await near.close()


@scenario("with the default times a killed node's members are gone everywhere within 15 seconds", alone=True)
async def death(cluster):
    channel = unique("presence-death-")
    sockets = [await PusherSocket.establish(node) for node in cluster.nodes]
    for number, socket in enumerate(sockets):
        await socket.subscribe(channel, user={"user_id": f"u{number}"})
    await sockets[0].expect("pusher_internal:member_added", channel)
    await sockets[0].expect("pusher_internal:member_added", channel)
    await sockets[1].expect("pusher_internal:member_added", channel)
    started = now()
    await cluster.nodes[2].kill()
    for socket in sockets[:2]:
        message = await socket.expect("pusher_internal:member_removed", channel, 15 - (now() - started))
        expect_equal(json.loads(message["data"]), {"user_id": "u2"}, "who is gone")
    took = now() - started
    for node in cluster.nodes[:2]:
        users = (await api(node, "GET", f"/channels/{channel}/users")).json()["users"]
        expect_equal(users, [{"id": "u0"}, {"id": "u1"}], f"the users at {node}")
    print(f"gone after {took:.1f} s", flush=True)
    hooks = cluster.hooks
    await eventually(lambda: ("member_removed", "u2") in hooks.of(channel), "the webhook", 10)
    for socket in sockets[:2]:
        await socket.fence()
        await socket.close()
    await cluster.nodes[2].restart()


class Roamer:
    """A client that is back at once, at whatever node serves, and measures how long it was away."""

    def __init__(self, cluster, number, channel):
        self.cluster = cluster
        self.number = number
        self.channel = channel
        self.seen = []
        self.gaps = []
        self.is_in = asyncio.Event()
        self.view = set()
        self.codes = []

    async def run(self):
        lost_at = None
        turn = self.number
        while True:
            turn += 1
            node = self.cluster.nodes[turn % len(self.cluster.nodes)]
            try:
                socket = await PusherSocket.establish(node, open_timeout=3)
                await socket.request_subscription(self.channel, user={"user_id": f"r{self.number}"})
            except (OSError, TimeoutError, AssertionError, websockets.WebSocketException):
                await asyncio.sleep(0.02)
                continue
            async with socket:
                with contextlib.suppress(websockets.ConnectionClosed):
                    async for text in socket.connection:
                        self._take(json.loads(text), lost_at)
            self.codes.append(socket.connection.close_code)
            lost_at = now()

    def _take(self, message, lost_at):
        if message["event"] == "pusher_internal:subscription_succeeded":
            self.view = set(json.loads(message["data"])["presence"]["ids"])
            if lost_at is not None:
                self.gaps.append(now() - lost_at)
            self.is_in.set()
        elif message["event"].startswith("pusher_internal:member_"):
            user = json.loads(message["data"])["user_id"]
            (self.view.add if message["event"].endswith("added") else self.view.discard)(user)
        elif message["event"] == "n":
            self.seen.append(int(message["data"]))


@scenario("nodes are replaced one by one under load: nobody is away for longer than it takes to be back", alone=True)
async def rolling(cluster):
    channel = unique("presence-rolling-")
    roamers = [Roamer(cluster, number, channel) for number in range(24)]
    tasks = [asyncio.create_task(roamer.run()) for roamer in roamers]
    for roamer in roamers:
        await asyncio.wait_for(roamer.is_in.wait(), 15)
    sent = 0
    is_over = False

    async def load():
        nonlocal sent
        while not is_over:
            serving = [node for node in cluster.nodes if node is not cluster.stopping]
            answer = await api(
                serving[sent % len(serving)], "POST", "/events", {"name": "n", "channel": channel, "data": str(sent)}
            )
            expect_equal(answer.status, 200, "the status of a publish")
            sent += 1

    loading = asyncio.create_task(load())
    for node in cluster.nodes:
        cluster.stopping = node
        expect_equal(await node.terminate(), 0, f"the exit status of {node}")
        await node.restart()
        cluster.stopping = None
        await asyncio.sleep(1)
    is_over = True
    await loading
    users = {f"r{number}" for number in range(24)}
    await eventually(lambda: all(roamer.view == users for roamer in roamers), "everybody sees everybody", 15)
    for node in cluster.nodes:
        listed = (await api(node, "GET", f"/channels/{channel}/users")).json()["users"]
        expect_equal({user["id"] for user in listed}, users, f"the users at {node}")
    codes = {code for roamer in roamers for code in roamer.codes}
    expect(codes <= {4200}, f"connections ended with {codes}")
    gaps = sorted(gap for roamer in roamers for gap in roamer.gaps)
    missed = sum(sent - len(set(roamer.seen)) for roamer in roamers)
    print(f"{len(gaps)} returns, longest {gaps[-1]:.2f} s, {sent} events, {missed} missed while away", flush=True)
    expect(gaps[-1] < 5, f"somebody was away for {gaps[-1]:.2f} s")
    for roamer in roamers:
        expect_equal(len(roamer.seen), len(set(roamer.seen)), "events that came twice")
        # What came while the client was there: nothing may be lost but what was sent between two connections.
        expect(sent - len(roamer.seen) <= sum(roamer.gaps) * sent, "more was missed than while away")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    async def is_empty():
        answer = await api(cluster.nodes[0], "GET", "/channels", query={"filter_by_prefix": channel})
        return answer.json() == {"channels": {}}

    await eventually(is_empty, "the channel is vacated", 20)
    hooks = cluster.hooks
    await eventually(lambda: ("channel_vacated", None) in hooks.of(channel), "that is told", 20)
    for user in [None, *sorted(users)]:
        names = [name for name, who in hooks.of(channel) if who == user]
        first, last = ("member_added", "member_removed") if user else ("channel_occupied", "channel_vacated")
        expect(names == [first, last] * (len(names) // 2) and names, f"webhooks told {names} of {user}")


def configuration(arguments, redis, queue, hooks):
    with open(arguments.base, encoding="utf-8") as file:
        values = json.load(file)
    types = ["channel_occupied", "channel_vacated", "member_added", "member_removed"]
    for app in values["app_manager"]["array"]["apps"]:
        if app["key"] == "demo-key":
            app["policy"]["webhooks"] = [{"url": f"http://127.0.0.1:{hooks.port}/hook", "event_types": types}]
    return merge(
        values,
        {
            "adapter": {"driver": "redis"},
            "database": {"redis": {"host": "127.0.0.1", "port": redis.port}},
            "queue": {"driver": "redis", "redis": {"url_override": f"redis://127.0.0.1:{queue.port}"}},
        },
    )


async def run(arguments, folder):
    hooks, redis, queue = Hooks(), Redis(folder), Redis(folder, "queue")
    cluster = Cluster(
        binary=arguments.binary,
        configuration=configuration(arguments, redis, queue, hooks),
        logs=arguments.logs,
        name=arguments.name,
        nodes=({}, {}, {"adapter": {"strict_publish": True}}),
    )
    cluster.hooks, cluster.redis, cluster.stopping = hooks, redis, None
    await hooks.start(cluster.nodes[0].apps.values())
    await redis.restart()
    await queue.restart()
    try:
        await cluster.start()
        succeeded = await run_all(cluster, arguments.only, 90)
    finally:
        await cluster.stop()
        redis.kill()
        queue.kill()
        await hooks.stop()
    return succeeded


def main():
    arguments = parse(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="martlet-outage-") as folder:
        sys.exit(0 if asyncio.run(run(arguments, folder)) else 1)


if __name__ == "__main__":
    main()
