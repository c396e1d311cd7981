"""A server that runs out of descriptors: it recovers by itself, and serves whom it has meanwhile."""

import asyncio

from harness import eventually, expect, main, scenario, unique
from pusher_socket import PusherSocket
from raw_socket import RawSocket
from signing import publish


@scenario("out of descriptors, connected clients are served; with descriptors again, so are new ones")
async def exhaustion(server):
    channel = unique("tight-")
    socket = await PusherSocket.establish(server)
    await socket.subscribe(channel)
    # More than the process may have: the rest waits in the backlog or is refused.
    crowd = []
    for _ in range(int(server.extra) + 40):
        try:
            crowd.append(await asyncio.wait_for(RawSocket.open(server), 2))
        except (OSError, TimeoutError):
            break
    await asyncio.sleep(1)
    expect(server.is_running(), "the server ended")
    await socket.fence()
    for one in crowd:
        one.close()

    async def serves():
        async with await PusherSocket.establish(server) as newcomer:
            await newcomer.fence()
            return True

    async def tries():
        try:
            return await asyncio.wait_for(serves(), 3)
        except (OSError, TimeoutError, AssertionError, EOFError):
            return False

    await eventually(tries, "a new client is served", 30)
    await publish(server, channel, "event", "1")
    await socket.expect("event", channel)
    await eventually(lambda: server.descriptors() < int(server.extra) / 2, "the descriptors are given back", 20)
    await socket.close()


if __name__ == "__main__":
    main(limit=90)
