"""The end of a server: staged after one signal, at once after two. Each run of this script ends its server."""

import asyncio
import signal
import time

from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import publish, request


@scenario("SIGTERM with no connection ends the server well before the grace period", alone=True)
async def empty(server):
    expect_equal((await request(server, "GET", "/up")).status, 200, "the status before")
    started = time.monotonic()
    server.signal(signal.SIGTERM)
    await eventually(lambda: not server.is_running(), "the server ends", 10)
    grace = server.configuration["shutdown_grace_period"]
    expect(time.monotonic() - started < grace / 2, f"it took {time.monotonic() - started} s of {grace}")


@scenario("SIGTERM shows DRAINING first, then closes every socket with 4200, then ends", alone=True)
async def staged(server):
    channel = unique("drain-")
    sockets = [await PusherSocket.establish(server) for _ in range(200)]
    await sockets[0].subscribe(channel)
    server.signal(signal.SIGTERM)

    async def draining():
        answer = await request(server, "GET", "/up")
        return (answer.status, answer.headers.get("x-health-check"), answer.body) == (503, "DRAINING", "DRAINING")

    await eventually(draining, "/up says DRAINING")
    answer = await request(server, "GET", "/up/1")
    expect_equal((answer.status, answer.body), (503, "DRAINING"), "the answer of /up/1")
    expect_equal((await request(server, "GET", "/live")).status, 200, "the status of /live")
    # In the pause everything still works.
    await publish(server, channel, "event", "1")
    await sockets[0].expect("event", channel)
    times = []

    async def closed(socket):
        async with asyncio.timeout(20):
            await socket.connection.wait_closed()
        times.append(time.monotonic())
        return socket.connection.close_code

    codes = await asyncio.gather(*(closed(socket) for socket in sockets))
    expect_equal(set(codes), {4200}, "the close codes")
    expect(max(times) - min(times) > 0.05, "the sockets were closed all at once")
    await eventually(lambda: not server.is_running(), "the server ends", 10)


@scenario("a second signal ends the server at once", alone=True)
async def second_signal(server):
    socket = await PusherSocket.establish(server)
    server.signal(signal.SIGTERM)

    async def draining():
        return (await request(server, "GET", "/up")).status == 503

    await eventually(draining, "/up says DRAINING")
    started = time.monotonic()
    server.signal(signal.SIGTERM)
    await eventually(lambda: not server.is_running(), "the server ends", 5)
    expect(time.monotonic() - started < 2, f"it took {time.monotonic() - started} s")
    await socket.close()


@scenario("SIGINT drains like SIGTERM", alone=True)
async def interrupt(server):
    socket = await PusherSocket.establish(server)
    server.signal(signal.SIGINT)
    async with asyncio.timeout(20):
        await socket.connection.wait_closed()
    expect_equal(socket.connection.close_code, 4200, "the close code")
    await eventually(lambda: not server.is_running(), "the server ends", 10)


if __name__ == "__main__":
    main(limit=60)
