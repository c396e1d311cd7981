"""Random clients over three nodes, while nodes and servers of Redis are killed, cut off and replaced.

A recorder knows what each client did. After quiet, what every node answers and what clients were told must be the truth,
and what webhooks said where only nodes are replaced in order: elsewhere webhooks that are not right are counted.
Everything random follows from the seed, except what the machine does.
"""

import asyncio
import collections
import contextlib
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import time

from cluster import Cluster, Redis, RedisCluster, merge, now, parse
from cluster_model import SLACK, Client, Publisher
from harness import expect, run_all, scenario
from hooks import Hooks
from signing import api

CHANNELS = [f"presence-{letter}" for letter in "abcd"] + [f"public-{letter}" for letter in "abc"]


class Run:
    """One seed: the nodes, the clients and what is to be found out."""

    def __init__(self, arguments, seed, kind, folder, names=()):
        self.names = names
        self.random = random.Random(seed)
        self.seconds = arguments.seconds
        self.kind = kind
        self.users = 9
        self.channels = CHANNELS
        self.unreachable = set()
        self.violations = []
        self.all_subscriptions = []
        self.publications = []
        self.attempts = 0
        self.windows = []
        self.faults = []
        self.deaths = []
        self.is_over = False
        self.tasks = set()
        self.hooks = Hooks()
        self.queue = Redis(folder, "queue")
        self.store = RedisCluster(folder) if kind == "cluster" else Redis(folder)
        self.cluster = Cluster(
            binary=arguments.binary,
            configuration=self._configuration(arguments),
            logs=arguments.logs,
            name=f"{arguments.name}-{kind}-{seed}",
        )
        self.clients = [Client(self, number) for number in range(arguments.clients)]
        self.publishers = [Publisher(self, number) for number in range(6)]

    @property
    def nodes(self):
        return self.cluster.nodes

    def _configuration(self, arguments):
        with open(arguments.base, encoding="utf-8") as file:
            values = json.load(file)
        types = ["channel_occupied", "channel_vacated", "member_added", "member_removed"]
        app = {
            "id": "8",
            "key": "chaos-key",
            "secret": "chaos-secret",
            "enabled": True,
            "policy": {
                "limits": {},
                "features": {"enable_subscription_count": True},
                "channels": {},
                "webhooks": [{"url": f"http://127.0.0.1:{self.hooks.port}/hook", "event_types": types}],
            },
        }
        adapter = {
            "cluster_health": {"heartbeat_interval_ms": 500, "node_timeout_ms": 2000, "cleanup_interval_ms": 300},
            "subscription_linger_ms": 500,
        }
        database = {"host": "127.0.0.1"}
        if self.kind == "cluster":
            database["cluster"] = {"nodes": [f"127.0.0.1:{server.port}" for server in self.store.servers]}
            adapter["driver"] = "redis-cluster"
        else:
            database["port"] = self.store.port
            adapter["driver"] = "redis"
        return merge(
            values,
            {
                "app_manager": {"array": {"apps": [app]}},
                "adapter": adapter,
                "database": {"redis": database},
                # The queue's server is left alone: here it is the nodes' doing that is looked at.
                "queue": {
                    "driver": "redis",
                    "redis": {"url_override": f"redis://127.0.0.1:{self.queue.port}"},
                    "reliability": {"lease_duration_ms": 2000},
                },
                "webhooks": {"grace_period_ms": 700, "retry": {"initial_backoff_ms": 200, "max_backoff_ms": 1000}},
                "shutdown_grace_period": 8,
            },
        )

    def violate(self, text):
        self.violations.append(text)

    def spawn(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # Life

    async def start(self):
        self.queue.start()
        await self.queue.serves()
        if self.kind == "cluster":
            await self.store.start()
        else:
            await self.store.restart()
        await self.hooks.start(self.nodes[0].apps.values())
        await self.cluster.start()

    async def stop(self):
        self.is_over = True
        for task in list(self.tasks):
            task.cancel()
        statuses = await self.cluster.stop()
        if statuses != [0, 0, 0]:
            self.violate(f"the nodes ended with {statuses}")
        await self.hooks.stop()
        self.queue.kill()
        self.store.kill()

    async def live(self):
        """Has clients do things at random, and faults happen, for the time of the run."""
        self.started_at = now()
        end = now() + self.seconds
        await asyncio.gather(*(client.connect() for client in self.clients))
        publishing = [asyncio.create_task(publisher.work()) for publisher in self.publishers]
        acting = [asyncio.create_task(self._act(client, end)) for client in self.clients]
        try:
            await asyncio.sleep(1.5)
            while now() < end:
                await self._fault()
                await asyncio.sleep(self.random.uniform(0.5, 2.0))
            await asyncio.gather(*acting)
        finally:
            self.is_over = True
            for task in acting:
                task.cancel()
            await asyncio.gather(*publishing, return_exceptions=True)

    async def _act(self, client, end):
        while now() < end:
            await asyncio.sleep(self.random.uniform(0.05, 0.8))
            action = self.random.random()
            if action < 0.45:
                free = [channel for channel in CHANNELS if channel not in client.wanted]
                if free:
                    await client.subscribe(self.random.choice(free))
            elif action < 0.75:
                if client.wanted:
                    await client.unsubscribe(self.random.choice(sorted(client.wanted)))
            elif client.socket:
                await client.leave(gracefully=action < 0.88)
                await client.connect()

    # Faults

    async def _fault(self):
        kinds = [self._kill_node, self._restart_node, self._pause_node]
        if self.kind == "cluster":
            kinds += [self._kill_master, self._fail_over, self._move_slots]
        else:
            kinds += [self._empty_redis]
        names = self.names or os.environ.get("MARTLET_FAULT_KINDS", "").split(",")
        kinds = [kind for kind in kinds if kind.__name__.strip("_") in names] or kinds
        fault = self.random.choice(kinds)
        started = now()
        await fault()
        name = fault.__name__.strip("_")
        self.faults.append(name)
        # What was under way before and what had to be found again after.
        after = {"kill_node": 1, "restart_node": 1, "pause_node": 2}.get(name, 5)
        self.windows.append((name, started - 1, now() + after))

    def _some_node(self):
        return self.random.choice(self.nodes)

    async def _kill_node(self):
        node = self._some_node()
        self.unreachable.add(node.number)
        self.deaths.append(time.time() * 1000)
        await node.kill()
        await asyncio.sleep(self.random.choice([0.1, 3.5]))
        await node.restart()
        self.unreachable.discard(node.number)

    async def _restart_node(self):
        node = self._some_node()
        self.unreachable.add(node.number)
        status = await node.terminate()
        if status != 0:
            self.violate(f"{node} ended with {status}")
        await node.restart()
        self.unreachable.discard(node.number)

    async def _pause_node(self):
        node = self._some_node()
        self.unreachable.add(node.number)
        self.deaths.append(time.time() * 1000)
        node.signal(signal.SIGSTOP)
        await asyncio.sleep(self.random.choice([1.0, 4.0]))
        node.signal(signal.SIGCONT)
        self.unreachable.discard(node.number)
        await node.serves()

    async def _empty_redis(self):
        # One fault after the other: whoever died before is buried by now.
        await asyncio.sleep(4)
        self.store.kill()
        await asyncio.sleep(self.random.uniform(0.2, 2.5))
        await self.store.restart()

    async def _kill_master(self):
        master = self.random.choice(await asyncio.to_thread(self.store.masters))
        master.kill()
        await asyncio.sleep(0.5)
        await self.store.is_whole()
        await master.restart()
        await self.store.is_whole()

    async def _fail_over(self):
        master = self.random.choice(await asyncio.to_thread(self.store.masters))
        replica = await asyncio.to_thread(self.store.replica_of, master)
        if replica:
            await replica.ask("CLUSTER", "FAILOVER")
            await asyncio.sleep(0.5)
            await self.store.is_whole()

    async def _move_slots(self):
        masters = await asyncio.to_thread(self.store.masters)
        source, target = self.random.sample(masters, 2)
        process = await asyncio.create_subprocess_exec(
            *("redis-cli", "--cluster", "reshard", f"127.0.0.1:{source.port}", "--cluster-yes"),
            *("--cluster-from", await source.ask("CLUSTER", "MYID")),
            *("--cluster-to", await target.ask("CLUSTER", "MYID"), "--cluster-slots", "400"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(30):
                await process.wait()
        except TimeoutError:
            process.kill()
        await self.store.is_whole()

    # The truth

    def subscribers(self):
        """Who is in which channel at the end, as the clients know it."""
        found = collections.defaultdict(list)
        for client in self.clients:
            for channel, subscription in client.subscriptions.items():
                found[channel].append(subscription)
        return found

    async def _differences(self):
        """What nodes answer and clients believe that is not so."""
        differences = []
        for client in self.clients:
            if client.wanted and (client.socket is None or set(client.subscriptions) != client.wanted):
                differences.append(f"client {client.number} is not where it wants to be")
        truth = self.subscribers()
        users = {
            channel: sorted({subscription.user for subscription in truth[channel]})
            for channel in truth
            if channel.startswith("presence-")
        }
        for node in self.nodes:
            differences += await self._node_differences(node, truth, users)
        for channel, subscriptions in truth.items():
            for subscription in subscriptions:
                who = f"client {subscription.client.number} at {subscription.client.node}"
                if subscription.succeeded_at is None:
                    differences.append(f"{who} waits for {channel}")
                elif channel in users:
                    if sorted(subscription.view) != users[channel]:
                        differences.append(f"{who} sees {sorted(subscription.view)} in {channel}, not {users[channel]}")
                elif subscription.count != len(subscriptions):
                    differences.append(f"{who} counts {subscription.count} in {channel}, not {len(subscriptions)}")
        self.hooks_amiss = self._hook_differences(truth, users)
        return differences if self._only_counts_webhooks() else differences + self.hooks_amiss

    def _only_counts_webhooks(self):
        """Whether something happened after which webhooks are counted, and not held to the truth.

        To a store that has forgotten what it had acknowledged a newcomer may be news who was none before the others have
        said who was there. A node that is killed or sleeps may have told what whoever buries it tells again, and nodes
        that tell of one subject within a millisecond have no common clock.
        """
        return not set(self.faults) <= {"restart_node"}

    async def _node_differences(self, node, truth, users):
        app = node.app("chaos")
        differences = []
        query = {"filter_by_prefix": "presence-", "info": "user_count"}
        listed = (await api(node, "GET", "/channels", query=query, app=app)).json().get("channels")
        wanted = {channel: {"user_count": len(ids)} for channel, ids in users.items()}
        if listed != wanted:
            differences.append(f"{node} lists {listed}, not {wanted}")
        listed = (await api(node, "GET", "/channels", app=app)).json().get("channels", {})
        if set(listed) != set(truth):
            differences.append(f"{node} lists {sorted(listed)}, not {sorted(truth)}")
        for channel in CHANNELS:
            if channel.startswith("presence-"):
                answer = (await api(node, "GET", f"/channels/{channel}/users", app=app)).json()
                ids = sorted(user["id"] for user in answer.get("users", []))
                if ids != users.get(channel, []):
                    differences.append(f"{node} has {ids} in {channel}, not {users.get(channel, [])}")
            else:
                query = {"info": "subscription_count"}
                answer = (await api(node, "GET", f"/channels/{channel}", query=query, app=app)).json()
                if answer.get("subscription_count", 0) != len(truth.get(channel, [])):
                    differences.append(f"{node} counts {answer} in {channel}, not {len(truth.get(channel, []))}")
        return differences

    def _hook_differences(self, truth, users):
        """What webhooks left untold or told too often, by what there is now."""
        differences = []
        for subject, told in self._told().items():
            channel, user = subject
            is_there = user in users.get(channel, []) if user else channel in truth
            balance = told.count("+") - told.count("-")
            if balance != int(is_there):
                differences.append(f"webhooks told {''.join(told)} of {subject}: present {is_there}")
        for channel in truth:
            for user in [None, *users.get(channel, [])]:
                if (channel, user) not in self._told():
                    differences.append(f"webhooks told nothing of {(channel, user)}")
        return differences

    def _told(self):
        """The signs that webhooks gave of each subject, each job once, in the order in which nodes told them.

        A node that dies after news were queued and before the directory heard of that has them told again by whoever
        buries it: webhooks come at least once. Those are counted and left out.
        """
        signs = {"channel_occupied": "+", "member_added": "+", "channel_vacated": "-", "member_removed": "-"}
        entries = collections.defaultdict(list)
        for body in dict.fromkeys(body for _, body in self.hooks.bodies):
            decoded = json.loads(body)
            for event in decoded["events"]:
                subject = (event["channel"], event.get("user_id"))
                entries[subject].append((decoded["time_ms"], signs[event["name"]]))
        told = {}
        self.told_again = 0
        for subject, moments in entries.items():
            told[subject] = []
            last = 0
            for at, sign in sorted(moments, key=lambda moment: moment[0]):
                if told[subject][-1:] == [sign] and any(last - 100 <= death <= last + 1000 for death in self.deaths):
                    self.told_again += 1
                else:
                    told[subject].append(sign)
                last = at
        return told

    def repeated_jobs(self):
        bodies = [body for _, body in self.hooks.bodies]
        return len(bodies) - len(set(bodies))

    def _check_alternation(self):
        for subject, told in self._told().items():
            if any(one == other for one, other in itertools.pairwise(told)) or told[:1] == ["-"]:
                self.violate(f"webhooks told {''.join(told)} of {subject}: {self._history(subject)}")

    def _history(self, subject):
        """When webhooks told something of a subject, and when faults began."""
        entries = [
            (at, event["name"])
            for at, _, event in self.hooks.events
            if (event["channel"], event.get("user_id")) == subject
        ]
        entries += [(start + 1, name.upper()) for name, start, _ in self.windows]
        return " ".join(f"{at - self.started_at:.2f} {name}" for at, name in sorted(entries))

    async def converge(self, limit=20):
        """Waits until nothing differs from the truth."""
        end = now() + limit
        while True:
            differences = await self._differences()
            if not differences:
                return
            if now() > end:
                for difference in differences:
                    self.violate(difference)
                return
            await asyncio.sleep(0.3)

    async def check(self):
        """Everything that must hold at the end, with somebody there and with nobody."""
        started = now()
        await self.converge()
        self.converged_in = now() - started
        await asyncio.sleep(SLACK)
        self._check_losses()
        for client in self.clients:
            await client.leave(gracefully=self.random.random() < 0.5)
        await self.converge()
        end = now() + 6
        while self.hooks_amiss and now() < end:
            await asyncio.sleep(0.3)
            await self._differences()
        if not self._only_counts_webhooks():
            self._check_alternation()
        if self.hooks.forged:
            self.violate(f"{self.hooks.forged} webhooks were signed wrongly")

    def _check_losses(self):
        by_channel = collections.defaultdict(list)
        for subscription in self.all_subscriptions:
            if subscription.succeeded_at is not None:
                by_channel[subscription.channel].append(subscription)
        self.deliveries = sum(len(subscription.received) for subscription in self.all_subscriptions)
        self.lost = collections.Counter()
        for publication in self.publications:
            for subscription in by_channel[publication.channel]:
                if publication.sent_at < subscription.succeeded_at:
                    continue
                if publication.done_at > (subscription.ended_at or now()) - SLACK:
                    continue
                if publication.data not in subscription.received:
                    self._note_loss(publication, subscription)

    def _note_loss(self, publication, subscription):
        for name, start, end in self.windows:
            if start <= publication.sent_at <= end:
                self.lost[name] += 1
                return
        self.lost["outside"] += 1
        if self.lost["outside"] <= 5:
            client = subscription.client
            self.violate(
                f"client {client.number} missed {publication.data} of {publication.node} in {publication.channel}"
            )

    def report(self):
        gaps = sorted(gap for client in self.clients for gap in client.gaps)
        return {
            "faults": dict(collections.Counter(self.faults)),
            "publications": len(self.publications),
            "attempts": self.attempts,
            "deliveries": self.deliveries,
            "lost": dict(self.lost),
            "webhook_events": len(self.hooks.events),
            "repeated_jobs": self.repeated_jobs(),
            "told_again": self.told_again,
            "hooks_amiss": len(self.hooks_amiss),
            "reconnects": len(gaps),
            "converged_in": round(self.converged_in, 2),
        }


def register(arguments, seed, kind, names=()):
    told = "everybody knows the truth, and webhooks told it" if names else "everybody knows the truth"

    @scenario(f"seed {seed} over {kind}, {', '.join(names) or 'all faults'}: after quiet, {told}", alone=True)
    async def converges(_):
        with tempfile.TemporaryDirectory(prefix="martlet-faults-") as folder:
            run = Run(arguments, seed, kind, folder, names)
            try:
                await run.start()
                await run.live()
                await run.check()
            finally:
                with contextlib.suppress(OSError):
                    await run.stop()
            print(f"seed {seed} over {kind}: {json.dumps(run.report())}", flush=True)
            if run.violations:
                path = os.path.join(arguments.logs, f"{run.cluster.name}.violations")
                with open(path, "w", encoding="utf-8") as file:
                    file.write("\n".join(run.violations) + "\n")
            text = f"{len(run.violations)} after {run.faults}: " + " | ".join(run.violations[:12])
            expect(not run.violations, text)


def main():
    parser = parse(__doc__)
    parser.add_argument("--clients", type=int, default=24)
    arguments, _ = parser.parse_known_args()
    arguments.seconds = float(os.environ.get("MARTLET_FAULT_SECONDS", "10"))
    kinds = os.environ.get("MARTLET_FAULT_STORES", "single,cluster").split(",")
    for seed in os.environ.get("MARTLET_FAULT_SEEDS", "1,2").split(","):
        for kind in kinds:
            register(arguments, int(seed), kind)
    for kind in kinds:
        register(arguments, 3, kind, ("restart_node",))
    succeeded = asyncio.run(run_all(None, arguments.only, arguments.seconds + 200))
    sys.exit(0 if succeeded else 1)


if __name__ == "__main__":
    main()
