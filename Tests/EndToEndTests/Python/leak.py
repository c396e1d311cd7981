"""Leaves nothing behind: after many connections that subscribe and go, the server is as it was."""

import asyncio
import json
import os
import re

from harness import eventually, expect, expect_equal, main, scenario
from raw_socket import CLOSE, TEXT, RawSocket, frame, upgrade_request
from signing import channel_auth, request

CYCLES = int(os.environ.get("LEAK_CYCLES", "50000"))
MIB = 1024 * 1024


async def gauges(server):
    """The gauges that must return to what they were, by name and labels."""
    text = (await request(server, "GET", "/metrics", port=server.metrics_port)).body
    names = set(re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE))
    found = {}
    for line in text.splitlines():
        name = re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*", line)
        if name and name[0] in names and not re.search(r"process_|lag|memory|start_time", name[0]):
            series, _, value = line.rpartition(" ")
            if float(value) != 0:
                found[series] = float(value)
    return found


async def cycle(server, number):
    """One connection: upgrade, subscribe to a public and a presence channel, leave politely or not."""
    app = server.app("busy")
    address = (f"127.0.0.{2 + number % 50}", 0)
    reader, writer = await asyncio.open_connection(server.host, server.port, local_addr=address)
    async with RawSocket(reader, writer) as socket:
        await socket.send(upgrade_request(f"/app/{app.key}?protocol=7&client=leak&version=1.0"))
        status, _, _ = await socket.response(body=False)
        expect_equal(status, 101, "the status")
        _, payload = await socket.frame()
        socket_id = json.loads(json.loads(payload)["data"])["socket_id"]
        presence = f"presence-leak-{number % 7}"
        member = json.dumps({"user_id": str(number % 1000)})
        commands = [
            {"channel": f"leak-{number}"},
            {"channel": presence, "channel_data": member, "auth": channel_auth(app, socket_id, presence, member)},
        ]
        await socket.send(
            b"".join(frame(TEXT, json.dumps({"event": "pusher:subscribe", "data": data}).encode()) for data in commands)
        )
        succeeded = 0
        while succeeded < 2:
            _, payload = await socket.frame()
            succeeded += b"subscription_succeeded" in payload
        if number % 3 == 0:
            await socket.send(frame(CLOSE, b"\x03\xe8"))
            await socket.expect_end()


async def cycles(server, numbers):
    numbers = iter(numbers)

    async def worker():
        for number in numbers:
            await cycle(server, number)

    await asyncio.gather(*(worker() for _ in range(32)))


@scenario("memory, descriptors and gauges return to where they were", alone=True)
async def leaves_nothing(server):
    # The first rounds fill pools and caches that stay.
    warm_up = max(2000, CYCLES // 5)
    await cycles(server, range(warm_up))
    await asyncio.sleep(4)
    await eventually(lambda: server.descriptors() < 100, "the descriptors of the warm-up are given back", 30)
    descriptors, memory, before = server.descriptors(), server.resident_bytes(), await gauges(server)
    await cycles(server, range(warm_up, warm_up + CYCLES))
    await eventually(lambda: server.descriptors() <= descriptors + 2, f"no more than {descriptors} descriptors", 30)

    async def same():
        return await gauges(server) == before

    try:
        await eventually(same, "the gauges", 15)
    except AssertionError:
        expect_equal(await gauges(server), before, "the gauges")
    grown = server.resident_bytes() - memory
    # A leak of a hundred bytes per cycle would show.
    allowed = 4 * MIB + 100 * CYCLES
    expect(grown <= allowed, f"the memory grew by {grown} bytes over {memory}; allowed are {allowed}")


if __name__ == "__main__":
    main(limit=500)
