"""What a webhook through SQS costs: the server's CPU per job, and requests to SQS per 1,000 events.

usage: webhook_cost.py --martlet PROGRAM --folder FOLDER [--seconds 10] [--rounds 3]

One server takes client events at a rate, each a webhook event, and delivers the jobs itself. The CPU is what all its
threads used, less what the same events cost an app without webhooks; the emulator's own CPU does not count. Writes a
table in Markdown.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import time

import aiohttp
from signing import channel_auth
from soak_services import REGION, Emulator, Recorder
from webhook_soak import App, Node, Receiver, free_port

# Name, events a second, whether events are batched into jobs, and whether the queue is FIFO.
CASES = [
    ("500 events/s", 500, True, False),
    ("2,000 events/s", 2000, True, False),
    ("5,000 events/s", 5000, True, False),
    ("2,000 events/s, FIFO", 2000, True, True),
    ("500 events/s, an event a job", 500, False, False),
]
CHANNELS = 10
COLUMNS = (
    "load",
    "events/s sent",
    "events a job",
    "CPU µs a job (range)",
    "CPU µs an event",
    "CPU µs an event without webhooks",
    "send",
    "receive",
    "delete",
    "requests per 1,000 events",
)


def cpu_seconds(pid):
    """The on-CPU time of all threads, in the kernel and outside of it."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


class Measurement:
    """One server under one load."""

    def __init__(self, arguments, emulator, recorder, receiver, ports):
        self.folder, self.martlet = arguments.folder, arguments.martlet
        self.seconds = arguments.seconds
        self.emulator, self.recorder, self.receiver, self.ports = emulator, recorder, receiver, ports
        self.app = App(1)

    def configuration(self, node):
        url = f"http://127.0.0.1:{self.ports['receiver']}/1"
        policy = {
            "limits": {"max_client_events_per_second": 0},
            "features": {"enable_client_messages": True},
            "webhooks": [{"url": url, "event_types": ["client_event"]}] if self.has_webhook else [],
        }
        return {
            "host": "127.0.0.1",
            "port": node.port,
            "metrics": {"enabled": True, "host": "127.0.0.1", "port": node.metrics_port},
            "rate_limiter": {"enabled": False},
            "webhooks": {"batching": {"enabled": self.is_batched}},
            "app_manager": {
                "array": {"apps": [{"id": "1", "key": self.app.key, "secret": self.app.secret, "policy": policy}]}
            },
        }

    def environment(self):
        return {
            "QUEUE_DRIVER": "sqs",
            "MARTLET_QUEUE_SQS_QUEUE_NAME": self.queue,
            "MARTLET_QUEUE_SQS_CREATE_QUEUE": "true",
            "QUEUE_SQS_FIFO": "true" if self.is_fifo else "false",
            "QUEUE_SQS_ENDPOINT_URL": f"http://127.0.0.1:{self.ports['recorder']}",
            "QUEUE_SQS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.emulator.key,
            "AWS_SECRET_ACCESS_KEY": self.emulator.secret,
        }

    async def run(self, number, rate, is_batched, is_fifo, has_webhook):
        self.queue, self.is_batched, self.is_fifo, self.has_webhook = f"cost-{number}", is_batched, is_fifo, has_webhook
        node = Node(number, self)
        await node.start()
        self.receiver.arrivals.clear()
        self.recorder.accepted.clear()
        self.recorder.by_operation.clear()
        self.recorder.jobs = 0
        events = int(rate * self.seconds)
        before = cpu_seconds(node.process.pid)
        started = time.monotonic()
        await asyncio.gather(*(self.send(node, channel, events // CHANNELS, rate) for channel in range(CHANNELS)))
        sent = time.monotonic() - started
        while has_webhook and len(self.receiver.arrivals) < events // CHANNELS * CHANNELS:
            if time.monotonic() - started > 120:
                raise AssertionError(f"only {len(self.receiver.arrivals)} of {events} events are delivered")
            await asyncio.sleep(0.05)
        used = cpu_seconds(node.process.pid) - before
        result = {
            "cpu": used,
            "events": events // CHANNELS * CHANNELS,
            "rate": events / sent,
            "jobs": self.recorder.jobs,
            "requests": dict(self.recorder.by_operation),
        }
        await node.stop()
        return result

    async def send(self, node, number, count, rate):
        channel, pace = f"private-{number}", CHANNELS / rate
        url = f"ws://127.0.0.1:{node.port}/app/{self.app.key}?protocol=7"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as connection:
            socket_id = json.loads(json.loads((await connection.receive()).data)["data"])["socket_id"]
            data = {"channel": channel, "auth": channel_auth(self.app, socket_id, channel)}
            await connection.send_str(json.dumps({"event": "pusher:subscribe", "data": data}))
            await connection.receive()
            due = time.monotonic() + pace * number / CHANNELS
            for event in range(count):
                if (wait := due - time.monotonic()) > 0.001:
                    await asyncio.sleep(wait)
                due += pace
                text = f'{{"event":"client-{event}","channel":"{channel}","data":{{"n":{event},"text":"{"x" * 100}"}}}}'
                await connection.send_str(text)


def row(name, runs, baselines):
    """The medians of the rounds; a request that only waits for jobs is not counted with the others."""
    baseline = statistics.median(run["cpu"] / run["events"] for run in baselines)
    per_event = statistics.median(run["cpu"] / run["events"] - baseline for run in runs)
    per_job = statistics.median((run["cpu"] - baseline * run["events"]) / run["jobs"] for run in runs)

    def per_thousand(operation):
        return statistics.median(run["requests"].get(operation, 0) * 1000 / run["events"] for run in runs)

    operations = ("SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch")
    counts = [per_thousand(operation) for operation in operations]
    events_per_job = statistics.median(run["events"] / run["jobs"] for run in runs)
    spread = [(run["cpu"] - baseline * run["events"]) / run["jobs"] * 1e6 for run in runs]
    cells = [
        name,
        f"{statistics.median(run['rate'] for run in runs):,.0f}",
        f"{events_per_job:.1f}",
        f"{per_job * 1e6:,.0f} ({min(spread):,.0f} to {max(spread):,.0f})",
        f"{per_event * 1e6:.1f}",
        f"{baseline * 1e6:.1f}",
        *(f"{count:.1f}" for count in counts),
        f"{sum(counts):.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


async def measure(arguments):
    ports = {name: free_port() for name in ("emulator", "recorder", "receiver")}
    emulator = Emulator(arguments.folder, ports["emulator"])
    await emulator.start()
    recorder = Recorder(f"http://127.0.0.1:{ports['emulator']}")
    await recorder.start(ports["recorder"])
    receiver = Receiver([App(1)], 0)
    await receiver.start(ports["receiver"])
    measurement = Measurement(arguments, emulator, recorder, receiver, ports)
    print("| " + " | ".join(COLUMNS) + " |")
    print("| --- |" + " ---: |" * (len(COLUMNS) - 1))
    number = 0
    for name, rate, is_batched, is_fifo in CASES:
        runs, baselines = [], []
        for _ in range(arguments.rounds):
            for has_webhook, results in ((False, baselines), (True, runs)):
                number += 1
                results.append(await measurement.run(number, rate, is_batched, is_fifo, has_webhook))
        print(row(name, runs, baselines), flush=True)
    await recorder.session.close()
    await emulator.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    # What an earlier run kept is not this one's.
    shutil.rmtree(arguments.folder, ignore_errors=True)
    os.makedirs(arguments.folder)
    asyncio.run(measure(arguments))


if __name__ == "__main__":
    main()
