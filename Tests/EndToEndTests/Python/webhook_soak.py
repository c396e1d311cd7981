"""A soak: webhooks go through three servers and a queue while everything in between fails.

usage: webhook_soak.py --martlet PROGRAM --folder FOLDER [--events 10000] [--fifo] [--rate 600]

Clients send numbered client events to three servers; each becomes a webhook event, travels through SQS and reaches the
receiver. Servers are killed and started again, the emulator of SQS is restarted with its state, requests are throttled
and reset, connections are cut. The recorder in front of the emulator knows what its queue accepted. Writes the
outcomes as the other scripts do, and before them one line with what was counted.
"""

import argparse
import asyncio
import hashlib
import hmac
import itertools
import json
import os
import random
import shutil
import socket
import statistics
import sys
import time

import aiohttp
from aiohttp import web
from harness import eventually
from signing import channel_auth
from soak_services import REGION, Cutter, Emulator, Faults, Program, Recorder

NODES = 3
APPS = 3
CHANNELS = 20
# Kills while nothing else fails: what they lose is the window before the queue accepts.
QUIET_KILLS = 6
# The default of webhooks.batching.size.
BATCH = 100

# What an operator needs to see; each with its first label, where it has any.
METRICS = (
    'queue_depth{state="waiting"}',
    'queue_depth{state="dead_lettered"}',
    "queue_oldest_job_age_seconds ",
    "queue_job_age_seconds_count ",
    "aws_requests_total{",
    "aws_retries_total{",
    "aws_throttles_total{",
    "aws_errors_total{",
    "aws_request_seconds_count{",
)

FAULTS = [
    {"service": "sqs", "operation": operation, "probability": 0.05, "error": {"code": "RequestThrottled"}}
    for operation in ("SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibility")
] + [
    {"service": "sqs", "operation": operation, "probability": 0.03, "reset": True}
    for operation in ("SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch")
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class App:
    def __init__(self, number):
        self.id, self.key, self.secret = str(number), f"key-{number}", f"secret-{number}"


class Receiver:
    """Takes webhooks, refuses a few, and remembers each event at each arrival."""

    def __init__(self, apps, refusal):
        self.apps = {app.key: app for app in apps}
        self.refusal = refusal
        self.arrivals = {}
        self.order = {}
        self.requests = self.refused = self.forged = 0

    async def start(self, port):
        application = web.Application()
        application.router.add_post("/{tail:.*}", self.receive)
        self.runner = web.AppRunner(application, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", port).start()

    async def receive(self, request):
        body = await request.read()
        secret = self.apps[request.headers["X-Pusher-Key"]].secret
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        self.requests += 1
        if signature != request.headers["X-Pusher-Signature"]:
            self.forged += 1
            return web.Response(status=401)
        if random.random() < self.refusal:
            self.refused += 1
            return web.Response(status=503)
        for event in json.loads(body)["events"]:
            channel, number = event["channel"], int(event["event"].removeprefix("client-"))
            if (channel, number) not in self.arrivals:
                self.order.setdefault(channel, []).append(number)
            self.arrivals[channel, number] = self.arrivals.get((channel, number), 0) + 1
        return web.Response(status=200)


class Node(Program):
    """One server, again and again; each life is an incarnation."""

    def __init__(self, number, soak):
        self.port, self.metrics_port = free_port(), free_port()
        file = os.path.join(soak.folder, f"node-{number}.json")
        with open(file, "w", encoding="utf-8") as stream:
            json.dump(soak.configuration(self), stream)
        super().__init__(soak.folder, f"node-{number}", [soak.martlet, "serve", "--config", file], soak.environment())
        self.incarnation = f"{number}.0"
        self.count = itertools.count(1)
        self.number = number
        self.is_up = False

    async def start(self):
        self.incarnation = f"{self.number}.{next(self.count)}"
        await super().start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.returncode is None:
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.get(f"http://127.0.0.1:{self.port}/live") as answer,
                ):
                    self.is_up = answer.status == 200
            except aiohttp.ClientError:
                self.is_up = False
            if self.is_up:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.name} does not start; its log is in {self.folder}")


class Soak:
    def __init__(self, arguments):
        self.folder, self.martlet, self.is_fifo = arguments.folder, arguments.martlet, arguments.fifo
        self.events, self.rate = arguments.events, arguments.rate
        self.apps = [App(number) for number in range(1, APPS + 1)]
        self.receiver = Receiver(self.apps, arguments.refusal)
        self.ports = {name: free_port() for name in ("emulator", "recorder", "faults", "cutter", "receiver")}
        self.sent = {}
        self.kills = []
        self.restarts = 0
        self.errors = []
        self.is_faulty = False

    def configuration(self, node):
        return {
            "host": "127.0.0.1",
            "port": node.port,
            "metrics": {"enabled": True, "host": "127.0.0.1", "port": node.metrics_port},
            "rate_limiter": {"enabled": False},
            "app_manager": {"array": {"apps": [self.app_json(app) for app in self.apps]}},
        }

    def app_json(self, app):
        url = f"http://127.0.0.1:{self.ports['receiver']}/{app.id}"
        return {
            "id": app.id,
            "key": app.key,
            "secret": app.secret,
            "policy": {
                "limits": {"max_client_events_per_second": 0},
                "features": {"enable_client_messages": True},
                "webhooks": [{"url": url, "event_types": ["client_event"]}],
            },
        }

    def environment(self):
        return {
            "QUEUE_DRIVER": "sqs",
            "MARTLET_QUEUE_SQS_QUEUE_NAME": "soak",
            "MARTLET_QUEUE_SQS_CREATE_QUEUE": "true",
            "QUEUE_SQS_FIFO": "true" if self.is_fifo else "false",
            "QUEUE_SQS_VISIBILITY_TIMEOUT": "6",
            "QUEUE_SQS_WAIT_TIME_SECONDS": "2",
            "QUEUE_SQS_ENDPOINT_URL": f"http://127.0.0.1:{self.ports['cutter']}",
            "QUEUE_SQS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.emulator.key,
            "AWS_SECRET_ACCESS_KEY": self.emulator.secret,
        }

    async def run(self):
        self.emulator = Emulator(self.folder, self.ports["emulator"])
        await self.emulator.start()
        self.recorder = Recorder(f"http://127.0.0.1:{self.ports['emulator']}")
        await self.recorder.start(self.ports["recorder"])
        upstream = f"http://127.0.0.1:{self.ports['recorder']}"
        self.faults = Faults(self.folder, self.ports["faults"], upstream, self.emulator)
        await self.faults.start()
        self.cutter = Cutter(self.ports["faults"])
        await self.cutter.start(self.ports["cutter"])
        await self.receiver.start(self.ports["receiver"])
        self.nodes = [Node(number, self) for number in range(NODES)]
        for node in self.nodes:
            await node.start()
        started = time.monotonic()
        senders = [asyncio.create_task(self.send(number)) for number in range(CHANNELS)]
        chaos = asyncio.create_task(self.disturb())
        done, _ = await asyncio.wait([chaos, *senders], return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
        self.sending_seconds = time.monotonic() - started
        await self.settle()
        self.seconds = time.monotonic() - started
        self.unseen = await self.unseen_metrics()
        self.statuses = [await node.stop() for node in self.nodes]
        await self.recorder.session.close()
        await self.faults.kill()
        await self.emulator.kill()

    async def send(self, number):
        """Sends a channel's share, on another server when the one it is connected to dies."""
        app, channel = self.apps[number % APPS], f"private-{number}"
        total, pace = self.events // CHANNELS, CHANNELS / self.rate
        following = 0
        due = time.monotonic() + pace * number / CHANNELS
        while following < total:
            node = self.nodes[(number + random.randrange(NODES)) % NODES]
            if not node.is_up:
                await asyncio.sleep(0.05)
                continue
            incarnation = node.incarnation
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.ws_connect(f"ws://127.0.0.1:{node.port}/app/{app.key}?protocol=7") as connection,
                ):
                    await self.subscribe(connection, app, channel)
                    listener = asyncio.create_task(self.listen(connection))
                    while following < total and not connection.closed:
                        await asyncio.sleep(max(0, due - time.monotonic()))
                        due = max(due + pace, time.monotonic() - 1)
                        self.sent[channel, following] = (time.monotonic(), incarnation)
                        message = {"event": f"client-{following}", "channel": channel, "data": {"n": following}}
                        following += 1
                        await connection.send_str(json.dumps(message))
                    listener.cancel()
            except (aiohttp.ClientError, OSError, EOFError):
                # The server was killed; what was written and never read by it counts as lost with it.
                continue

    async def subscribe(self, connection, app, channel):
        welcome = json.loads((await self.receive(connection)).data)
        socket_id = json.loads(welcome["data"])["socket_id"]
        data = {"channel": channel, "auth": channel_auth(app, socket_id, channel)}
        await connection.send_str(json.dumps({"event": "pusher:subscribe", "data": data}))
        answer = json.loads((await self.receive(connection)).data)
        if answer["event"] != "pusher_internal:subscription_succeeded":
            raise AssertionError(f"no subscription: {answer}")

    async def receive(self, connection):
        message = await connection.receive(timeout=20)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise EOFError
        return message

    async def listen(self, connection):
        async for message in connection:
            event = json.loads(message.data)
            if event["event"] == "pusher:ping":
                await connection.send_str('{"event":"pusher:pong"}')
            elif event["event"] == "pusher:error":
                self.errors.append(message.data)

    @property
    def is_sending(self):
        return len(self.sent) < self.events // CHANNELS * CHANNELS

    async def disturb(self):
        """First kills alone, then everything at once, until all is sent."""
        share = self.events / self.rate
        for _ in range(QUIET_KILLS):
            await asyncio.sleep(min(3, share / 4 / QUIET_KILLS))
            await self.kill_one()
        self.is_faulty = True
        await self.faults.rules(FAULTS)
        for turn in itertools.count():
            for _ in range(10):
                await asyncio.sleep(min(5, share / 8) / 10)
                if not self.is_sending:
                    return
            match turn % 4:
                case 0 | 2:
                    self.cutter.cut()
                    await self.kill_one()
                case 1:
                    await self.emulator.restart()
                    self.restarts += 1
                case 3:
                    self.cutter.cut()

    async def kill_one(self):
        node = random.choice(self.nodes)
        node.is_up = False
        self.kills.append((time.monotonic(), node.incarnation, self.is_faulty))
        await node.kill()
        await node.start()

    @property
    def killed(self):
        return {incarnation for _, incarnation, _ in self.kills}

    async def settle(self):
        """Lets the faults end and waits until what living servers were sent is accepted and delivered."""
        self.fired = await self.faults.count()
        await self.faults.rules([])
        living = {identity for identity, (_, incarnation) in self.sent.items() if incarnation not in self.killed}
        accepted = self.recorder.accepted
        await eventually(lambda: living <= accepted.keys(), "living servers hand over everything", 60)
        await eventually(lambda: accepted.keys() <= self.receiver.arrivals.keys(), "everything is delivered", 240)

    async def unseen_metrics(self):
        """The metrics of queue and calls that some server does not have."""
        unseen = set()
        for node in self.nodes:
            url = f"http://127.0.0.1:{node.metrics_port}/metrics"
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                text = await answer.text()
            unseen |= {name for name in METRICS if f"\nmartlet_{name}" not in text}
        return unseen

    def lost(self, incarnation):
        return [
            identity
            for identity, (_, where) in self.sent.items()
            if where == incarnation and identity not in self.recorder.accepted
        ]

    def windows(self, is_faulty):
        """For each kill the number of events that were lost, and the age of the oldest in milliseconds."""
        found = []
        for moment, incarnation, faulty in self.kills:
            if faulty == is_faulty:
                ages = [(moment - self.sent[identity][0]) * 1000 for identity in self.lost(incarnation)]
                found.append((len(ages), round(max(ages, default=0), 1)))
        return found

    def report(self):
        accepted, arrivals = self.recorder.accepted, self.receiver.arrivals
        waits = sorted((accepted[identity] - self.sent[identity][0]) * 1000 for identity in accepted)
        return {
            "queue": "fifo" if self.is_fifo else "standard",
            "sent": len(self.sent),
            "accepted": len(accepted),
            "delivered": len(arrivals),
            "missing": len(accepted.keys() - arrivals.keys()),
            "arrivals": sum(arrivals.values()),
            "duplicates": sum(arrivals.values()) - len(arrivals),
            "jobs": self.recorder.jobs,
            "requests": self.recorder.by_operation,
            "deliveries": self.receiver.requests,
            "refused": self.receiver.refused,
            "kills": len(self.kills),
            "restarts": self.restarts,
            "faults": self.fired,
            "cuts": self.cutter.cuts,
            "lost_with_quiet_kills": self.windows(False),
            "lost_with_faulty_kills": self.windows(True),
            "milliseconds_to_acceptance": {
                "median": round(statistics.median(waits), 1),
                "p99": round(waits[len(waits) * 99 // 100], 1),
            },
            "sending_seconds": round(self.sending_seconds, 1),
            "seconds": round(self.seconds, 1),
        }

    def disordered(self):
        """The channels whose events came first in another order than the one in which they were sent."""
        return [channel for channel, numbers in self.receiver.order.items() if numbers != sorted(numbers)]

    def outcomes(self):
        report = self.report()
        lost = {identity for identity in self.sent if identity not in self.recorder.accepted}
        living = {identity for identity in lost if self.sent[identity][1] not in self.killed}
        # The median: a machine that stalls for a moment makes one kill worse, and the report has them all.
        quiet = self.windows(False)
        is_small = (
            statistics.median(count for count, _ in quiet) <= BATCH or statistics.median(age for _, age in quiet) <= 50
        )
        checks = [
            ("every event that the queue accepted is delivered", report["missing"] == 0, report),
            ("a server that is not killed loses nothing", not living, f"{len(living)} are lost"),
            ("a kill loses the events of 50 ms or of one batch", is_small, report),
            ("every delivery is signed", self.receiver.forged == 0, f"{self.receiver.forged} are not"),
            ("no client is refused", not self.errors, self.errors[:3]),
            ("the queue and the calls to it are in the metrics", not self.unseen, self.unseen),
            ("servers end by themselves", self.statuses == [0] * NODES, self.statuses),
            ("everything failed that was to fail", self.restarts > 0 and self.cutter.cuts > 0, report),
        ]
        if self.is_fifo:
            wrong = self.disordered()
            checks.append(("events of a channel come in their order", not wrong, wrong))
        return checks


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=600)
    parser.add_argument("--refusal", type=float, default=0.02, help="the share of deliveries that are refused")
    parser.add_argument("--fifo", action="store_true")
    arguments = parser.parse_args()
    # What an earlier run kept is not this one's.
    shutil.rmtree(arguments.folder, ignore_errors=True)
    os.makedirs(arguments.folder)
    soak = Soak(arguments)
    asyncio.run(soak.run())
    print("# " + json.dumps(soak.report()), flush=True)
    checks = soak.outcomes()
    for sentence, holds, detail in checks:
        line = {"scenario": sentence, "ok": bool(holds)}
        if not holds:
            line["detail"] = str(detail)
        print(json.dumps(line), flush=True)
    print(json.dumps({"finished": len(checks)}), flush=True)
    sys.exit(0 if all(holds for _, holds, _ in checks) else 1)


if __name__ == "__main__":
    main()
