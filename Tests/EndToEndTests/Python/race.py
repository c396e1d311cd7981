"""A thousand sockets join and leave the same channels at random while events flow; a checker watches each of them.

For every subscription: the events are consecutive and in order, the first comes no later than the first one whose
publish began after `subscription_succeeded`, the last is no earlier than the last one whose publish was answered
before the unsubscribe, and none comes after that. Members are added only when absent and removed only when present.
Webhooks of each channel and member alternate.
"""

import asyncio
import json
import os
import random
import time

import aiohttp
from aiohttp import web
from harness import eventually, expect, expect_equal, main, scenario
from signing import channel_auth, signed_target
from yarl import URL

SOCKETS = int(os.environ.get("RACE_SOCKETS", "1000"))
STEPS = int(os.environ.get("RACE_STEPS", "10"))
PUBLIC = [f"race-{n}" for n in range(10)]
PRESENCE = [f"presence-race-{n}" for n in range(10)]
SEED = 20_260_103


class Ledger:
    """What the publishers know: per channel, how many publishes have begun and how many were answered."""

    def __init__(self):
        self.begun = dict.fromkeys(PUBLIC + PRESENCE, 0)
        self.answered = dict.fromkeys(PUBLIC + PRESENCE, 0)
        self.members = {channel: {} for channel in PRESENCE}

    def join(self, channel, user):
        if channel in self.members:
            self.members[channel][user] = self.members[channel].get(user, 0) + 1

    def leave(self, channel, user):
        if channel in self.members:
            self.members[channel][user] -= 1
            if self.members[channel][user] == 0:
                del self.members[channel][user]


class Episode:
    """One subscription, from `subscription_succeeded` to the unsubscribe."""

    def __init__(self, bound, members):
        self.bound = bound
        self.members = members
        self.last = None

    def take(self, number):
        if self.last is None:
            expect(number <= self.bound, f"the first event is {number}, but {self.bound} began after the subscription")
        else:
            expect_equal(number, self.last + 1, "the next event")
        self.last = number


class Client:
    """One socket with its checker."""

    def __init__(self, number, server, session, ledger):
        self.number = number
        self.user = f"user-{number % max(1, SOCKETS // 3)}"
        self.app = server.app("busy")
        self.url = f"ws://{server.host}:{server.port}/app/{self.app.key}?protocol=7&client=race&version=1.0"
        self.session = session
        self.ledger = ledger
        self.random = random.Random(SEED + number)
        self.episodes = {}
        self.waiting = {}
        self.pongs = []
        self.failure = None

    async def connect(self):
        self.socket = await self.session.ws_connect(self.url, max_msg_size=0)
        message = json.loads((await self.socket.receive()).data)
        self.socket_id = json.loads(message["data"])["socket_id"]
        self.reader = asyncio.create_task(self.read(self.socket))

    async def read(self, socket):
        try:
            async for message in socket:
                self.take(json.loads(message.data))
        except BaseException as error:
            self.failure = error
            for future in [*self.waiting.values(), *self.pongs]:
                if not future.done():
                    future.set_exception(error)

    def take(self, message):
        event, channel = message["event"], message.get("channel")
        if event == "pusher:pong":
            self.pongs.pop(0).set_result(None)
        elif event == "pusher:ping":
            pass
        elif event == "pusher_internal:subscription_succeeded":
            expect(channel not in self.episodes, f"{channel} succeeded twice")
            data = json.loads(message["data"])
            members = set(data["presence"]["ids"]) if channel in self.ledger.members else None
            if members is not None:
                expect(self.user in members, "the joiner is not in its own snapshot")
                expect_equal(data["presence"]["count"], len(members), "the count")
            self.episodes[channel] = Episode(self.ledger.begun[channel], members)
            self.waiting.pop(channel).set_result(None)
        else:
            expect(channel in self.episodes, f"{message} outside a subscription")
            episode = self.episodes[channel]
            if event == "n":
                episode.take(int(message["data"]))
            elif event == "pusher_internal:member_added":
                user = json.loads(message["data"])["user_id"]
                expect(user not in episode.members, f"{user} was added twice to {channel}")
                episode.members.add(user)
            elif event == "pusher_internal:member_removed":
                user = json.loads(message["data"])["user_id"]
                expect(user in episode.members, f"{user} was removed from {channel} without being there")
                episode.members.remove(user)
            else:
                raise AssertionError(f"unexpected {message}")

    async def answered(self, future):
        async with asyncio.timeout(60):
            await future

    async def join(self, channel):
        data = {"channel": channel}
        if channel.startswith("presence-"):
            data["channel_data"] = json.dumps({"user_id": self.user})
            data["auth"] = channel_auth(self.app, self.socket_id, channel, data["channel_data"])
        self.waiting[channel] = future = asyncio.get_running_loop().create_future()
        await self.socket.send_str(json.dumps({"event": "pusher:subscribe", "data": data}))
        await self.answered(future)
        self.ledger.join(channel, self.user)

    async def fence(self):
        future = asyncio.get_running_loop().create_future()
        self.pongs.append(future)
        await self.socket.send_str('{"event":"pusher:ping","data":{}}')
        await self.answered(future)

    async def leave(self, channel):
        answered = self.ledger.answered[channel]
        await self.socket.send_str(json.dumps({"event": "pusher:unsubscribe", "data": {"channel": channel}}))
        await self.fence()
        episode = self.episodes.pop(channel)
        self.ledger.leave(channel, self.user)
        if answered > episode.bound:
            expect(
                episode.last is not None and episode.last >= answered - 1,
                f"the last event of {channel} is {episode.last}; {answered - 1} was answered before the unsubscribe",
            )

    async def reconnect(self):
        """Drops the connection without a word and comes back."""
        for channel in self.episodes:
            self.ledger.leave(channel, self.user)
        self.episodes = {}
        self.reader.cancel()
        self.socket._response.connection.transport.abort()
        await asyncio.gather(self.reader, return_exceptions=True)
        self.failure = None
        self.pongs, self.waiting = [], {}
        await self.connect()

    async def step(self):
        if self.failure:
            raise self.failure
        if self.random.random() < 0.05:
            await self.reconnect()
            return
        channel = self.random.choice(PUBLIC if self.random.random() < 0.5 else PRESENCE)
        if channel in self.episodes:
            await self.leave(channel)
        else:
            await self.join(channel)

    async def run(self):
        await asyncio.sleep(self.random.random())
        for _ in range(STEPS):
            await self.step()

    async def close(self):
        await self.socket.close()


class Webhooks:
    """The webhooks of the app, in the order of their making."""

    def __init__(self):
        self.batches = []

    async def start(self, port):
        application = web.Application()
        application.router.add_post("/", self.receive)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    def quiet(self):
        """Whether none has come for three seconds."""
        return self.batches and time.monotonic() - self.latest > 3

    async def receive(self, request):
        body = json.loads(await request.text())
        self.latest = time.monotonic()
        self.batches.append((body["time_ms"], len(self.batches), body["events"]))
        return web.Response()

    def check(self):
        """Checks that edges alternate, and returns the names of what is still occupied or present."""
        history = {}
        for time_ms, _, events in sorted(self.batches, key=lambda batch: batch[:2]):
            for event in events:
                key = (event["channel"], event.get("user_id"))
                history.setdefault(key, []).append((event["name"], time_ms))
        present = set()
        for key, events in history.items():
            begins = [name in ("channel_occupied", "member_added") for name, _ in events]
            expect(begins == [n % 2 == 0 for n in range(len(begins))], f"the edges of {key} do not alternate: {events}")
            if begins[-1]:
                present.add(key)
        return present


async def publisher(server, session, ledger, channel, stop):
    app = server.app("busy")
    while not stop.is_set():
        number = ledger.begun[channel]
        ledger.begun[channel] += 1
        body = json.dumps({"name": "n", "channel": channel, "data": str(number)}).encode()
        target = signed_target(app, "POST", f"/apps/{app.id}/events", body)
        url = f"http://{server.host}:{server.port}{target}"
        async with session.post(
            URL(url, encoded=True), data=body, headers={"Content-Type": "application/json"}
        ) as answer:
            expect_equal(answer.status, 200, "the status of a publish")
            await answer.read()
        ledger.answered[channel] = number + 1
        await asyncio.sleep(0.15)


@scenario("every subscriber sees exactly its events, and every edge is told exactly once", alone=True)
async def race(server):
    ledger, webhooks, stop = Ledger(), Webhooks(), asyncio.Event()
    await webhooks.start(int(server.extra))
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        clients = [Client(number, server, session, ledger) for number in range(SOCKETS)]
        for start in range(0, SOCKETS, 50):
            await asyncio.gather(*(client.connect() for client in clients[start : start + 50]))
        publishers = [asyncio.create_task(publisher(server, session, ledger, c, stop)) for c in PUBLIC + PRESENCE]
        await asyncio.gather(*(client.run() for client in clients))
        stop.set()
        await asyncio.gather(*publishers)

        def settled():
            for client in clients:
                if client.failure:
                    raise client.failure
                for channel, episode in client.episodes.items():
                    due = ledger.begun[channel] > episode.bound
                    if due and episode.last != ledger.begun[channel] - 1:
                        return False
                    if channel in ledger.members and episode.members != set(ledger.members[channel]):
                        return False
            return True

        await eventually(settled, "every subscriber has the last event and the true members", 30)
        app = server.app("busy")
        for channel in PRESENCE:
            target = signed_target(app, "GET", f"/apps/{app.id}/channels/{channel}/users")
            async with session.get(f"http://{server.host}:{server.port}{target}") as answer:
                users = {user["id"] for user in (await answer.json())["users"]}
            expect_equal(users, set(ledger.members[channel]), f"the users of {channel}")
        await asyncio.gather(*(client.close() for client in clients))
        # A later batch may overtake an earlier one on its way: judge only when all have come.
        await eventually(webhooks.quiet, "no more webhooks come", 60)
        expect_equal(webhooks.check(), set(), "what is still occupied or present")


if __name__ == "__main__":
    main(limit=400)
