"""Two servers on one Redis: one limit, one queue.

The extra argument is the port of the second server and that of the webhooks' endpoint.
"""

import asyncio
import copy
import signal

from aiohttp import web
from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import api


def second(server):
    """The second server, which has the same apps."""
    other = copy.copy(server)
    other.port = int(server.extra.split(",")[0])
    return other


@scenario("requests to either server count against one limit", alone=True)
async def one_limit(server):
    limit = server.configuration["rate_limiter"]["api_rate_limit"]["max_requests"]
    for number in range(limit):
        answer = await api((server, second(server))[number % 2], "GET", "/channels")
        expect_equal(answer.status, 200, f"the status of request {number}")
        expect_equal(answer.headers["x-ratelimit-remaining"], str(limit - number - 1), "what remains")
    for one in (server, second(server)):
        expect_equal((await api(one, "GET", "/channels")).status, 429, "the status beyond the limit")


@scenario("the webhooks of a server that was killed are delivered by the other", alone=True)
async def hand_over(server):
    bodies = []
    refusals = 0
    accepts = False

    async def receive(request):
        nonlocal refusals
        body = await request.text()
        if not accepts:
            refusals += 1
            return web.Response(status=503)
        bodies.append(body)
        return web.Response(status=200)

    application = web.Application()
    application.router.add_post("/{tail:.*}", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(server.extra.split(",")[1])).start()
    channel = unique("orphaned-")
    socket = await PusherSocket.connect(server)
    await socket.subscribe(channel)
    await eventually(lambda: refusals > 0, "the endpoint is asked")
    server.signal(signal.SIGKILL)
    await eventually(lambda: not server.is_running(), "the server is dead")
    accepts = True
    await eventually(lambda: any(channel in body for body in bodies), "the other server delivers", 30)
    await asyncio.sleep(0)
    expect(any("channel_occupied" in body for body in bodies), f"{bodies}")


if __name__ == "__main__":
    main(limit=60)
