"""Health, metrics, statistics: what operators and their tools ask."""

import asyncio
import re

from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import publish, request


async def metrics(server):
    answer = await request(server, "GET", "/metrics", port=server.metrics_port)
    expect_equal(answer.status, 200, "the status of /metrics")
    return answer


def total(text, name):
    """The sum of a metric over its labels."""
    values = re.findall(rf"^martlet_{name}(?:{{[^}}]*}})? ([0-9.e+]+)", text, re.MULTILINE)
    return sum(float(value) for value in values) if values else None


@scenario("/live is 200 and empty")
async def live(server):
    answer = await request(server, "GET", "/live")
    expect_equal((answer.status, answer.body), (200, ""), "the answer")


@scenario("/up and /up/{id} say OK, NOT_FOUND and ERROR in header and body")
async def up(server):
    for path, status, word in (
        ("/up", 200, "OK"),
        ("/up/1", 200, "OK"),
        ("/up/999", 404, "NOT_FOUND"),
        ("/up/3", 503, "ERROR"),
    ):
        answer = await request(server, "GET", path)
        header = answer.headers.get("x-health-check")
        expect_equal((answer.status, header, answer.body), (status, word, word), f"the answer of {path}")
        expect_equal(answer.headers.get("content-type", "").split(";")[0], "text/plain", "the content type")


@scenario("promtool finds nothing wrong with /metrics")
async def promtool(server):
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(unique("metrics-"))
        await publish(server, unique("metrics-"), "a", "b")
        answer = await metrics(server)
    expect(answer.headers["content-type"].startswith("text/plain"), f"the content type {answer.headers}")
    process = await asyncio.create_subprocess_exec(
        "promtool",
        "check",
        "metrics",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate(answer.body.encode())
    expect_equal((process.returncode, output.decode().strip()), (0, ""), "what promtool says")


@scenario("metrics have no label of a channel, a user or a socket")
async def labels(server):
    channel = unique("label-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        text = (await metrics(server)).body
        expect(channel not in text and socket.socket_id not in text, "a channel or a socket is a label")


@scenario("the gauge of connections follows them", alone=True)
async def connected(server):
    before = total((await metrics(server)).body, "connected") or 0
    sockets = [await PusherSocket.establish(server) for _ in range(5)]

    async def shows(number):
        return total((await metrics(server)).body, "connected") == number

    await eventually(lambda: shows(before + 5), f"connected is {before + 5}")
    for socket in sockets:
        await socket.close()
    await eventually(lambda: shows(before), f"connected is {before}")


@scenario("counters count messages, publishes and HTTP calls", alone=True)
async def counters(server):
    names = (
        "ws_messages_sent_total",
        "ws_messages_received_total",
        "http_calls_received_total",
        "new_connections_total",
    )
    before = {name: total((await metrics(server)).body, name) or 0 for name in names}
    channel = unique("counted-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        for _ in range(10):
            await publish(server, channel, "a", "b")
            await socket.expect("a", channel)

    async def grew():
        text = (await metrics(server)).body
        after = {name: total(text, name) or 0 for name in names}
        least = dict(zip(names, (12, 1, 10, 1), strict=True))
        return all(after[name] >= before[name] + least[name] for name in names)

    await eventually(grew, f"the counters grow from {before}")


@scenario("/stats and /usage hold true numbers", alone=True)
async def statistics(server):
    channel = unique("presence-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel, user={"user_id": "41"})
        answer = await request(server, "GET", "/stats", port=server.metrics_port)
        expect_equal(answer.status, 200, "the status of /stats")
        totals = answer.json()["totals"]
        expect_equal(totals["connections"], 1, "the connections")
        expect_equal(totals["occupancy"]["presence_members"], 1, "the presence members")
    answer = await request(server, "GET", "/usage", port=server.metrics_port)
    expect_equal(answer.status, 200, "the status of /usage")
    memory = answer.json()["memory"]
    with open("/proc/meminfo", encoding="utf-8") as file:
        machine = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1]) * 1024
    expect(0 < memory["used"] <= memory["total"] <= machine, f"{memory} on a machine with {machine} bytes")
    for path in ("/stats", "/usage", "/metrics"):
        answer = await request(server, "GET", path)
        expect(answer.status in (401, 403, 404), f"{path} on the public port: {answer}")


@scenario("the log holds no secret, no signature and no payload", alone=True)
async def log(server):
    secret = unique("payload-")
    channel = unique("private-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        await publish(server, channel, "event", secret)
        await socket.expect("event", channel)
    text = server.log()
    for word in (secret, "demo-secret", "auth_signature"):
        expect(word not in text, f"{word} is in the log")


if __name__ == "__main__":
    main()
