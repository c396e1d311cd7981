"""Three nodes, one of them in a network namespace, whose way to Redis a firewall closes and opens again.

Needs the right to make network namespaces, and nft.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile

from cluster import Cluster, Node, Redis, merge, parse, spawn
from harness import eventually, expect_equal, run_all, scenario, unique
from pusher_socket import PusherSocket
from signing import api, publish


def run(*words):
    subprocess.run(words, check=True, capture_output=True, timeout=20)


class Namespace:
    """A network of its own, joined to this one by a pair of interfaces."""

    def __init__(self):
        number = os.getpid() % 250
        self.name = f"martlet-{os.getpid()}"
        self.link = f"mt{os.getpid()}"
        self.address = f"10.211.{number}.2"
        self.outside = f"10.211.{number}.1"
        # Where Redis listens for those inside; clients come from the other one, so that a firewall can tell them apart.
        self.redis = f"10.212.{number}.1"

    def __enter__(self):
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "inner", "netns", self.name)
        run("ip", "address", "add", f"{self.outside}/24", "dev", self.link)
        run("ip", "address", "add", f"{self.redis}/32", "dev", self.link)
        run("ip", "link", "set", self.link, "up")
        self._inside("ip", "link", "set", "lo", "up")
        self._inside("ip", "address", "add", f"{self.address}/24", "dev", "inner")
        self._inside("ip", "link", "set", "inner", "up")
        self._inside("ip", "route", "add", "default", "via", self.outside)
        self._inside("nft", "add table ip cut")
        self._inside("nft", "add chain ip cut leaving { type filter hook output priority 0; }")
        self._inside("nft", "add chain ip cut coming { type filter hook input priority 0; }")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.SubprocessError):
            run("ip", "link", "delete", self.link)
        with contextlib.suppress(subprocess.SubprocessError):
            run("ip", "netns", "delete", self.name)

    def cut(self):
        """Drops whatever goes to Redis or comes from it, without a word to either."""
        self._inside("nft", f"add rule ip cut leaving ip daddr {self.redis} drop")
        self._inside("nft", f"add rule ip cut coming ip saddr {self.redis} drop")

    def join(self):
        """Lets everything through again."""
        self._inside("nft", "flush table ip cut")

    def _inside(self, *words):
        run("ip", "netns", "exec", self.name, *words)


class InnerNode(Node):
    """A node in a namespace."""

    def start(self):
        namespace = self.cluster.namespace
        self.host = namespace.address
        self.process = spawn(
            ["ip", "netns", "exec", namespace.name, self.cluster.binary, "serve", "--config", self.file],
            self.log_path,
        )


async def health(node):
    return await asyncio.to_thread(node.status, "/up/1")


async def users(node, channel):
    answer = await api(node, "GET", f"/channels/{channel}/users")
    return sorted(user["id"] for user in answer.json()["users"]) if answer.status == 200 else None


async def members(cluster):
    """A channel with a member at the first node and one at the node inside."""
    channel = unique("presence-partition-")
    near = await PusherSocket.establish(cluster.nodes[0])
    far = await PusherSocket.establish(cluster.nodes[2])
    await near.subscribe(channel, user={"user_id": "near"})
    await far.subscribe(channel, user={"user_id": "far"})
    await near.expect("pusher_internal:member_added", channel)
    return channel, near, far


@scenario("a node that is cut off for a moment loses and repeats nothing of its own, and nobody is told", alone=True)
async def moment(cluster):
    channel, near, far = await members(cluster)
    cluster.namespace.cut()
    for number in range(20):
        await publish(cluster.nodes[2], channel, "n", str(number))
        expect_equal((await far.expect("n", channel))["data"], str(number), "the local event")
    await asyncio.sleep(0.8)
    cluster.namespace.join()
    for number in range(20):
        expect_equal((await near.expect("n", channel, 30))["data"], str(number), "the event after the cut")
    await eventually(lambda: arrives(cluster.nodes[0], channel, far), "events reach the node again", 30)
    await near.close()
    await far.close()


async def arrives(node, channel, socket):
    """Whether an event that is published at a node now reaches a connection; others of its kind are skipped."""
    mark = unique("mark-")
    await publish(node, channel, "mark", mark)
    with contextlib.suppress(TimeoutError):
        while True:
            message = await socket.next(1)
            if message["event"] == "mark" and message["data"] == mark:
                return True
    return False


@scenario("a node that is cut off for longer than its lease is given up, and is back when it is joined", alone=True)
async def partition(cluster):
    one, two, inner = cluster.nodes
    channel, near, far = await members(cluster)
    cluster.namespace.cut()
    message = await near.expect("pusher_internal:member_removed", channel, 20)
    expect_equal(json.loads(message["data"]), {"user_id": "far"}, "who is gone")
    expect_equal(await users(two, channel), ["near"], "the users as the others see them")
    await publish(inner, channel, "n", "local")
    expect_equal((await far.expect("n", channel))["data"], "local", "the local event")

    async def is_sick():
        return await health(inner) == 503

    await eventually(is_sick, "the node that is cut off says so", 20)
    cluster.namespace.join()

    async def is_back():
        return [await users(node, channel) for node in cluster.nodes] == [["far", "near"]] * 3

    await eventually(is_back, "all nodes know both members", 30)

    async def is_well():
        return await health(inner) == 200

    await eventually(is_well, "the node is well", 20)
    seen = [(await near.next(40))["event"] for _ in range(2)]
    seen += [message["event"] for message in await near.collect_until_pong()]
    expect_equal(sorted(seen), ["n", "pusher_internal:member_added"], "what the other side was told after the cut")
    await eventually(lambda: arrives(one, channel, far), "an event reaches the node again", 30)
    await eventually(lambda: arrives(inner, channel, near), "an event of the node reaches the others", 30)
    await near.close()
    message = {"event": "mark"}
    while message["event"] == "mark":
        message = await far.next()
    expect_equal(message["event"], "pusher_internal:member_removed", f"the event of {message}")
    expect_equal(json.loads(message["data"]), {"user_id": "near"}, "who left")
    await far.fence()
    await far.close()


async def run_scenarios():
    arguments = parse(__doc__).parse_args()
    with open(arguments.base, encoding="utf-8") as file:
        base = merge(json.load(file), json.loads(arguments.overriding))
    with tempfile.TemporaryDirectory() as folder, Namespace() as namespace:
        redis = Redis(folder, options=["--bind", "127.0.0.1", namespace.redis, "--protected-mode", "no"])
        await redis.restart()
        settings = {
            "adapter": {
                "driver": "redis",
                "cluster_health": {"heartbeat_interval_ms": 500, "node_timeout_ms": 3000, "cleanup_interval_ms": 500},
            },
            "cache": {"driver": "memory"},
            "database": {"redis": {"host": "127.0.0.1", "port": redis.port}},
        }
        inside = {"host": "0.0.0.0", "database": {"redis": {"host": namespace.redis}}}
        cluster = Cluster(
            binary=arguments.binary,
            configuration=merge(base, settings),
            logs=arguments.logs,
            name=arguments.name,
        )
        cluster.namespace = namespace
        cluster.nodes[2] = InnerNode(cluster, 2, inside)
        try:
            await cluster.start()
            succeeded = await run_all(cluster, arguments.only, 120)
        finally:
            statuses = await cluster.stop()
            redis.kill()
        expect_equal(statuses, [0, 0, 0], "the exit statuses")
    return succeeded


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run_scenarios()) else 1)
