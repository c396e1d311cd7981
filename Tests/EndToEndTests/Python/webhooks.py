"""Webhooks, received by a server of ours and checked by the official library."""

import asyncio
import json
import time

import pusher
from aiohttp import web
from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import publish


class Endpoint:
    """Receives webhooks on the address that the configuration names, and answers as told."""

    def __init__(self, server):
        self.requests = []
        self.failures = 0
        self.libraries = {
            app.key: pusher.Pusher(app_id=app.id, key=app.key, secret=app.secret, ssl=False, host=server.host)
            for app in server.apps.values()
        }
        self.port = int(server.extra)

    async def start(self):
        application = web.Application()
        application.router.add_post("/{tail:.*}", self.receive)
        self.runner = web.AppRunner(application)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def receive(self, request):
        body = await request.text()
        self.requests.append((time.monotonic(), request.path, dict(request.headers), body))
        if self.failures > 0 and request.path == "/main":
            self.failures -= 1
            return web.Response(status=503)
        return web.Response(status=200)

    def events(self, channel, path="/main"):
        """The events of a channel in the order of their arrival; each request is checked by the library."""
        found = []
        for _, where, headers, body in self.requests:
            if where != path:
                continue
            key = headers["X-Pusher-Key"]
            checked = self.libraries[key].validate_webhook(key, headers["X-Pusher-Signature"], body)
            expect(checked, f"the library refuses {headers} {body}")
            found += [event for event in checked["events"] if event.get("channel") == channel]
        return found

    async def wait(self, channel, number, path="/main", limit=15):
        await eventually(
            lambda: len(self.events(channel, path)) >= number,
            f"{number} events of {channel}; there are {self.events(channel, path)}",
            limit,
        )
        return self.events(channel, path)


_endpoint = None
_starting = asyncio.Lock()


async def endpoint(server):
    """The endpoint that all scenarios of this script share."""
    global _endpoint
    async with _starting:
        if _endpoint is None:
            _endpoint = Endpoint(server)
            await _endpoint.start()
    return _endpoint


@scenario("a channel's occupation and vacation are told, the latter after three seconds")
async def occupied(server):
    hooks = await endpoint(server)
    channel = unique("occupied-")
    async with await PusherSocket.establish(server) as first, await PusherSocket.establish(server) as second:
        await first.subscribe(channel)
        await second.subscribe(channel)
        events = await hooks.wait(channel, 1)
        expect_equal(events, [{"name": "channel_occupied", "channel": channel}], "the events")
    left = time.monotonic()
    events = await hooks.wait(channel, 2)
    expect_equal(events[1:], [{"name": "channel_vacated", "channel": channel}], "the events")
    expect(1.5 <= time.monotonic() - left <= 8, f"vacated came after {time.monotonic() - left} s")


@scenario("members are told with their ids as they come and go, once per user")
async def members(server):
    hooks = await endpoint(server)
    channel = unique("presence-")
    async with await PusherSocket.establish(server) as first, await PusherSocket.establish(server) as second:
        await first.subscribe(channel, user={"user_id": "41"})
        await second.subscribe(channel, user={"user_id": "41"})
    events = await hooks.wait(channel, 4)
    names = [event["name"] for event in events]
    expect_equal(sorted(names), ["channel_occupied", "channel_vacated", "member_added", "member_removed"], "the names")
    for event in events:
        if event["name"].startswith("member_"):
            expect_equal(event, {"name": event["name"], "channel": channel, "user_id": "41"}, "the event")


@scenario("a client that returns within three seconds causes no event")
async def grace(server):
    hooks = await endpoint(server)
    channel = unique("presence-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel, user={"user_id": "41"})
        await hooks.wait(channel, 2)
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel, user={"user_id": "41"})
        # An event that is due later than the ones that must not come closes the window.
        fence = unique("fence-")
        async with await PusherSocket.establish(server) as other:
            await other.subscribe(fence)
        await hooks.wait(fence, 2)
        names = [event["name"] for event in hooks.events(channel)]
        expect_equal(sorted(names), ["channel_occupied", "member_added"], "the names")


@scenario("client events are told with data as a string, the socket and the member")
async def client_events(server):
    hooks = await endpoint(server)
    for prefix, user in (("private-", None), ("presence-", "41")):
        channel = unique(prefix)
        async with await PusherSocket.establish(server) as socket:
            await socket.subscribe(channel, user={"user_id": user} if user else None)
            await socket.send("client-typing", {"on": True}, channel=channel)
            await eventually(
                lambda channel=channel: [e for e in hooks.events(channel) if e["name"] == "client_event"], "the event"
            )
            event = next(e for e in hooks.events(channel) if e["name"] == "client_event")
            expect(isinstance(event["data"], str), f"{event}")
            expect_equal(json.loads(event.pop("data")), {"on": True}, "the data")
            expected = {
                "name": "client_event",
                "channel": channel,
                "event": "client-typing",
                "socket_id": socket.socket_id,
            }
            if user:
                expected["user_id"] = user
            expect_equal(event, expected, "the event")


@scenario("a cache miss is told once while several clients meet the empty channel")
async def cache_miss(server):
    hooks = await endpoint(server)
    channel = unique("cache-")
    sockets = [await PusherSocket.establish(server) for _ in range(5)]
    for socket in sockets:
        await socket.subscribe(channel)
        await socket.expect("pusher:cache_miss", channel)
    for socket in sockets:
        await socket.close()
    await eventually(lambda: any(e["name"] == "channel_vacated" for e in hooks.events(channel)), "vacated")
    misses = [event for event in hooks.events(channel) if event["name"] == "cache_miss"]
    expect_equal(len(misses), 1, f"the misses: {misses}")


@scenario("subscription counts are told")
async def subscription_count(server):
    hooks = await endpoint(server)
    channel = unique("counted-")
    app = server.app("counting")
    async with await PusherSocket.establish(server, app) as first, await PusherSocket.establish(server, app) as second:
        await first.subscribe(channel)
        await second.subscribe(channel)

        def counts():
            return [e["subscription_count"] for e in hooks.events(channel) if e["name"] == "subscription_count"]

        await eventually(lambda: counts()[:2] == [1, 2], "the counts 1 and 2")


@scenario("filters and extra headers are applied")
async def filters(server):
    hooks = await endpoint(server)
    matching, other = "filtered-" + unique("") + "-eu", "filtered-" + unique("") + "-us"
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(other)
        await socket.subscribe(matching)
        await hooks.wait(matching, 1, "/filtered")
    expect_equal(hooks.events(other, "/filtered"), [], "the events of the other channel")
    headers = next(h for _, path, h, _ in hooks.requests if path == "/filtered")
    expect_equal(headers.get("X-Env"), "test", "the extra header")


@scenario("requests have the exact content type and a fresh time")
async def form(server):
    hooks = await endpoint(server)
    channel = unique("form-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        await hooks.wait(channel, 1)
    _, _, headers, body = next(entry for entry in hooks.requests if channel in entry[3])
    expect_equal(headers["Content-Type"], "application/json", "the content type")
    expect(abs(json.loads(body)["time_ms"] / 1000 - time.time()) < 60, f"the time in {body}")


@scenario("a refused delivery is tried again with growing pauses until it is taken", alone=True)
async def retry(server):
    hooks = await endpoint(server)
    channel = unique("retry-")
    # What earlier scenarios left behind must not use up the failures.
    fence = unique("fence-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(fence)
    await hooks.wait(fence, 2)
    hooks.failures = 2
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        await eventually(lambda: hooks.failures == 0, "two refused deliveries", 20)
        await eventually(lambda: len([r for r in hooks.requests if channel in r[3]]) >= 3, "a third delivery", 20)
    times = [entry[0] for entry in hooks.requests if channel in entry[3] and "channel_occupied" in entry[3]][:3]
    expect(len(times) == 3 and times[2] > times[1] > times[0], f"the times of delivery are {times}")


@scenario("publishing stays fast while the endpoint is slow or gone", alone=True)
async def dead_endpoint(server):
    hooks = await endpoint(server)
    await hooks.runner.cleanup()
    channel = unique("private-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        for _ in range(50):
            await publish(server, channel, "event", "1")
            await socket.expect("event", channel, limit=5)


if __name__ == "__main__":
    main(limit=60)
