"""Nodes of a cluster as processes of a script, which starts, kills, pauses and restarts them."""

import argparse
import asyncio
import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import time

from harness import App, eventually

_libc = ctypes.CDLL(None)
_port = random.Random(os.getpid()).randrange(12_000, 31_000)


def free_port():
    """A port below those that the kernel hands out to outgoing connections, and nobody listens on."""
    global _port
    while True:
        _port = 12_000 + (_port - 12_000 + 1) % 20_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", _port))
            except OSError:
                continue
            return _port


def merge(base, override):
    """A configuration with another one over it, object by object."""
    merged = dict(base)
    for name, value in override.items():
        if isinstance(value, dict) and isinstance(merged.get(name), dict):
            value = merge(merged[name], value)
        merged[name] = value
    return merged


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)


def spawn(arguments, log, directory=None):
    """Starts a process that ends with this one at the latest."""
    # Debugging output of a process that was restarted stays in the same file.
    with open(log, "ab") as file:
        return subprocess.Popen(
            arguments, stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=directory, preexec_fn=_die_with_parent
        )


class Node:
    """One server, with everything that the other scripts want to know of a server."""

    def __init__(self, cluster, number, overriding=None):
        self.cluster = cluster
        self.number = number
        self.host = "127.0.0.1"
        self.port = free_port()
        self.metrics_port = free_port()
        self.configuration = merge(
            merge(cluster.configuration, overriding or {}),
            {"port": self.port, "metrics": {"port": self.metrics_port}},
        )
        self.apps = {
            app["key"].split("-")[0]: App(app) for app in self.configuration["app_manager"]["array"]["apps"]
        }
        stem = os.path.join(cluster.logs, f"{cluster.name}-{number}")
        self.log_path = stem + ".log"
        self.file = stem + ".json"
        self.process = None
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(self.configuration, file, indent=2)
        open(self.log_path, "wb").close()

    def __repr__(self):
        return f"node {self.number}"

    def app(self, name="demo"):
        return self.apps[name]

    def start(self):
        self.process = spawn([self.cluster.binary, "serve", "--config", self.file], self.log_path)

    def answers(self, path="/live"):
        """Whether a GET is answered with 200."""
        return self.status(path) == 200

    def status(self, path):
        """The status of a GET, or 0 if there is none."""
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as peer:
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                return int(peer.recv(64).split(b" ")[1])
        except (OSError, IndexError, ValueError):
            return 0

    async def serves(self, limit=30):
        """Returns once the node serves."""

        def check():
            if self.process.poll() is not None:
                with open(self.log_path, encoding="utf-8", errors="replace") as file:
                    raise AssertionError(f"{self} ended with {self.process.returncode}: {file.read()[-1500:]}")
            return asyncio.to_thread(self.answers)

        await eventually(check, f"{self} serves", limit)

    def signal(self, number):
        self.process.send_signal(number)

    async def ends(self, limit=30):
        """Returns the exit status once the process has ended."""
        await eventually(lambda: self.process.poll() is not None, f"{self} ends", limit)
        return self.process.returncode

    async def kill(self):
        self.signal(signal.SIGKILL)
        await self.ends()

    async def terminate(self):
        self.signal(signal.SIGTERM)
        return await self.ends()

    async def restart(self):
        self.start()
        await self.serves()


class Cluster:
    """Some nodes with one configuration, and what each has besides."""

    def __init__(self, *, binary, configuration, logs, name, nodes=({}, {}, {})):
        self.binary = binary
        self.configuration = configuration
        self.logs = logs
        self.name = name
        self.nodes = [Node(self, number, overriding) for number, overriding in enumerate(nodes)]

    @property
    def host(self):
        return "127.0.0.1"

    def app(self, name="demo"):
        return self.nodes[0].app(name)

    async def start(self):
        for node in self.nodes:
            node.start()
        await asyncio.gather(*(node.serves() for node in self.nodes))

    async def stop(self):
        """Ends all nodes as they should end; those that do not are killed. Returns the exit statuses."""
        for node in self.nodes:
            if node.process and node.process.poll() is None:
                node.signal(signal.SIGCONT)
                node.signal(signal.SIGTERM)
        statuses = []
        for node in self.nodes:
            if node.process is None:
                continue
            try:
                statuses.append(await node.ends(25))
            except AssertionError:
                node.process.kill()
                node.process.wait()
                statuses.append(None)
        return statuses


class Redis:
    """One redis-server of the script's own, empty whenever it starts."""

    def __init__(self, folder, name="redis", options=()):
        self.port = free_port()
        self.folder = os.path.join(folder, f"{name}-{self.port}")
        os.makedirs(self.folder, exist_ok=True)
        self.options = list(options)
        self.process = None

    def start(self):
        self.process = spawn(
            [
                *("redis-server", "--bind", "127.0.0.1", "--port", str(self.port)),
                *("--save", "", "--appendonly", "no", *self.options),
            ],
            os.path.join(self.folder, "log"),
            self.folder,
        )

    async def serves(self):
        await eventually(lambda: asyncio.to_thread(self.call, "PING"), f"Redis on {self.port} serves", 20)

    def call(self, *words):
        """The reply to a command as redis-cli shows it, or "" when there is none."""
        answer = subprocess.run(
            ["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, timeout=20, check=False
        )
        return answer.stdout.strip() if answer.returncode == 0 and "refused" not in answer.stderr else ""

    async def ask(self, *words):
        return await asyncio.to_thread(self.call, *words)

    def kill(self):
        self.process.kill()
        self.process.wait()

    async def restart(self):
        self.start()
        await self.serves()


class RedisCluster:
    """Three masters with a replica each."""

    def __init__(self, folder, node_timeout=1000):
        self.servers = []
        self.buses = []
        for number in range(6):
            bus = free_port()
            self.buses.append(bus)
            self.servers.append(
                Redis(
                    folder,
                    f"redis-cluster-{number}",
                    [
                        *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
                        *("--cluster-node-timeout", str(node_timeout), "--cluster-port", str(bus)),
                        *("--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"),
                    ],
                )
            )

    async def start(self):
        first = self.servers[0]
        for server in self.servers:
            server.start()
        await asyncio.gather(*(server.serves() for server in self.servers))
        for number, server in enumerate(self.servers):
            await server.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
            if number < 3:
                low, high = ((0, 5460), (5461, 10922), (10923, 16383))[number]
                await server.ask("CLUSTER", "ADDSLOTSRANGE", str(low), str(high))
            if number:
                await first.ask("CLUSTER", "MEET", "127.0.0.1", str(server.port), str(self.buses[number]))
        await eventually(
            lambda: all("cluster_known_nodes:6" in server.call("CLUSTER", "INFO") for server in self.servers),
            "the servers know each other",
            20,
        )
        for number in range(3):
            name = await self.servers[number].ask("CLUSTER", "MYID")
            replica = self.servers[number + 3]
            await eventually(lambda r=replica, n=name: r.call("CLUSTER", "REPLICATE", n) == "OK", "it follows", 20)
        await self.is_whole()

    async def is_whole(self, limit=30):
        """Returns once every living server sees every slot served and every replica has a master."""

        def check():
            living = [server for server in self.servers if server.process.poll() is None]
            return all(
                "cluster_state:ok" in server.call("CLUSTER", "INFO")
                and (
                    "role:master" in (text := server.call("INFO", "replication")) or "master_link_status:up" in text
                )
                for server in living
            )

        await eventually(lambda: asyncio.to_thread(check), "the Redis Cluster is whole", limit)

    def masters(self):
        """The living masters that serve slots."""
        return [
            server
            for server in self.servers
            if server.process.poll() is None
            and any("myself,master" in line and len(line.split()) > 8 for line in self._lines(server))
        ]

    def replica_of(self, master):
        """A living replica of a master, or None."""
        name = master.call("CLUSTER", "MYID")
        for server in self.servers:
            if server.process.poll() is None and any(
                "myself,slave" in line and name in line for line in self._lines(server)
            ):
                return server
        return None

    @staticmethod
    def _lines(server):
        return server.call("CLUSTER", "NODES").splitlines()

    def kill(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.kill()


def now():
    """The time of the recorder's clock in seconds."""
    return time.monotonic()


def parse(description):
    """The command line that all scripts of the cluster have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--binary", required=True, help="the server")
    parser.add_argument("--base", required=True, help="the configuration of all end-to-end tests")
    parser.add_argument("--overriding", default="{}", help="what differs from it, as JSON")
    parser.add_argument("--logs", required=True, help="a folder")
    parser.add_argument("--name", required=True, help="what files there begin with")
    parser.add_argument("--only", help="a part of the sentence of the scenarios to run")
    return parser
