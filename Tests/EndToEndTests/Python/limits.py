"""Limits of one node: its connections, its rates, what may wait for a slow consumer."""

import asyncio
import contextlib
import json

from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from raw_socket import TEXT, RawSocket, frame
from signing import publish, request


@scenario("connections beyond max_connections are told 4100, and HTTP is still served", alone=True)
async def max_connections(server):
    number = server.configuration["max_connections"]
    sockets = [await PusherSocket.establish(server) for _ in range(number)]
    async with await PusherSocket.open(server) as socket:
        await socket.expect_error(4100)
        await socket.expect_close(4100)
    expect_equal((await request(server, "GET", "/live")).status, 200, "the status of /live")
    for socket in sockets:
        await socket.close()

    async def connects():
        async with await PusherSocket.open(server) as socket:
            return (await socket.next())["event"] == "pusher:connection_established"

    await eventually(connects, "a free place can be taken")


@scenario("a consumer that does not read is closed with 4100, and the others get every event", alone=True)
async def slow_consumer(server):
    channel = unique("slow-")
    async with await PusherSocket.establish(server) as reader, await RawSocket.upgraded(server) as slow:
        await reader.subscribe(channel)
        subscribe = {"event": "pusher:subscribe", "data": {"channel": channel}}
        await slow.send(frame(TEXT, json.dumps(subscribe).encode()))
        _, payload = await slow.frame()
        expect_equal(json.loads(payload)["event"], "pusher_internal:subscription_succeeded", "the reply")
        # Stop reading; the kernel's buffers fill first.
        slow.writer.transport.pause_reading()
        number = 0
        data = "x" * 10_000

        async def disconnected():
            nonlocal number
            for _ in range(50):
                await publish(server, channel, "n", f"{number} {data}")
                message = await reader.expect("n", channel)
                expect(message["data"].startswith(f"{number} "), f"event {number} is {message['data'][:20]}")
                number += 1
            text = (await request(server, "GET", "/metrics", port=server.metrics_port)).body
            counted = ("martlet_slow_consumer_disconnects_total{", "martlet_slow_consumer_dropped_messages_total{")
            lines = text.splitlines()
            return all(any(line.startswith(name) and not line.endswith(" 0") for line in lines) for name in counted)

        await eventually(disconnected, "the slow consumer is disconnected", 60)
        slow.writer.transport.resume_reading()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            last = -1
            while True:
                opcode, payload = await slow.frame()
                if opcode == TEXT:
                    message = json.loads(payload)
                    if message["event"] == "n":
                        current = int(message["data"].split()[0])
                        expect_equal(current, last + 1, "the order of what the slow consumer still got")
                        last = current
        await reader.fence()


if __name__ == "__main__":
    main(limit=90)
