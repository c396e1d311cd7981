"""Clients and publishers at random nodes that keep a record of what they did and what they were told."""

import asyncio
import json

import aiohttp
import websockets
from cluster import now
from pusher_socket import PusherSocket
from signing import signed_target

#: Time in which an event that was published has surely arrived, on a busy machine.
SLACK = 2.5


class Subscription:
    """One socket in one channel, from its request to its end."""

    def __init__(self, client, channel):
        self.client = client
        self.channel = channel
        self.user = client.user if channel.startswith("presence-") else None
        self.succeeded_at = None
        self.ended_at = None
        self.view = set()
        self.count = None
        self.last = {}
        self.received = set()


class Client:
    """One user's device, which connects again when it has lost its node."""

    def __init__(self, run, number):
        self.run = run
        self.number = number
        self.user = f"u{number % run.users}"
        self.socket = None
        self.node = None
        self.subscriptions = {}
        self.reader = None
        self.wanted = set()
        self.lost_at = None
        self.gaps = []

    async def connect(self):
        """Connects to a node that can be connected to, and subscribes to what is wanted."""
        while self.socket is None:
            candidates = [node for node in self.run.nodes if node.number not in self.run.unreachable]
            node = self.run.random.choice(candidates)
            try:
                async with asyncio.timeout(5):
                    socket = await PusherSocket.establish(node, node.app("chaos"), open_timeout=4)
            except (OSError, TimeoutError, AssertionError, websockets.WebSocketException):
                await asyncio.sleep(0.05)
                continue
            self.socket, self.node = socket, node
        if self.lost_at is not None:
            self.gaps.append(now() - self.lost_at)
            self.lost_at = None
        self.reader = asyncio.create_task(self._read(self.socket))
        for channel in list(self.wanted):
            await self._subscribe(channel)

    async def subscribe(self, channel):
        self.wanted.add(channel)
        if self.socket:
            await self._subscribe(channel)

    async def _subscribe(self, channel):
        subscription = Subscription(self, channel)
        self.subscriptions[channel] = subscription
        self.run.all_subscriptions.append(subscription)
        user = {"user_id": self.user, "user_info": {"n": self.user}} if subscription.user else None
        await self._send(self.socket.request_subscription(channel, user=user))

    async def unsubscribe(self, channel):
        self.wanted.discard(channel)
        subscription = self.subscriptions.pop(channel, None)
        if subscription:
            subscription.ended_at = now()
            await self._send(self.socket.send("pusher:unsubscribe", {"channel": channel}))

    async def _send(self, sending):
        try:
            async with asyncio.timeout(5):
                await sending
        except (OSError, TimeoutError, websockets.ConnectionClosed):
            pass

    async def leave(self, *, gracefully):
        """Ends the connection for good."""
        self.wanted.clear()
        socket, self.socket = self.socket, None
        self._end_all()
        if self.reader:
            self.reader.cancel()
        if socket is None:
            return
        if gracefully:
            try:
                async with asyncio.timeout(1):
                    await socket.close()
                    return
            except TimeoutError:
                pass
        socket.connection.transport.abort()

    def _end_all(self):
        for subscription in self.subscriptions.values():
            subscription.ended_at = now()
        self.subscriptions = {}

    async def _read(self, socket):
        try:
            async for text in socket.connection:
                self._take(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        if self.socket is not socket:
            return
        # Whatever it was: the client is back as soon as it can be.
        self.lost_at = now()
        self.socket = None
        self._end_all()
        self.run.spawn(self.connect())

    def _take(self, message):
        event, channel = message["event"], message.get("channel")
        subscription = self.subscriptions.get(channel)
        if subscription is None:
            # A node that stops says so.
            if event == "pusher:error" and message["data"]["code"] != 4200:
                self.run.violate(f"client {self.number} at {self.node}: {message}")
            return
        name = f"client {self.number} ({self.user}) at {self.node} in {channel}"
        if event == "pusher_internal:subscription_succeeded":
            if subscription.succeeded_at is not None:
                self.run.violate(f"{name} was subscribed twice")
            subscription.succeeded_at = now()
            if subscription.user:
                subscription.view = set(json.loads(message["data"])["presence"]["ids"])
                if subscription.user not in subscription.view:
                    self.run.violate(f"{name} is not in its own snapshot {subscription.view}")
        elif event == "pusher_internal:member_added":
            user = json.loads(message["data"])["user_id"]
            if user in subscription.view:
                self.run.violate(f"{name} heard twice that {user} came")
            subscription.view.add(user)
        elif event == "pusher_internal:member_removed":
            user = json.loads(message["data"])["user_id"]
            if user not in subscription.view:
                self.run.violate(f"{name} heard that {user} left who was not there")
            subscription.view.discard(user)
        elif event == "pusher_internal:subscription_count":
            subscription.count = json.loads(message["data"])["subscription_count"]
        elif event == "e":
            if subscription.succeeded_at is None:
                self.run.violate(f"{name} got an event before it was subscribed")
            publisher, number = message["data"].split(":")
            last = subscription.last.get(publisher, -1)
            if int(number) <= last:
                self.run.violate(f"{name} got {publisher}:{number} after {publisher}:{last}")
            subscription.last[publisher] = int(number)
            subscription.received.add(message["data"])


class Publication:
    """One event and what its publisher knows of it."""

    def __init__(self, channel, data, node):
        self.channel = channel
        self.data = data
        self.node = node
        self.sent_at = now()
        self.done_at = None


class Publisher:
    """Publishes one event after the other over one connection; after a failure, as somebody else elsewhere."""

    def __init__(self, run, number):
        self.run = run
        self.number = number
        self.life = 0
        self.refused = 0

    async def work(self):
        while not self.run.is_over:
            self.life += 1
            node = self.run.random.choice([n for n in self.run.nodes if n.number not in self.run.unreachable])
            try:
                async with aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(limit=1, force_close=False), timeout=aiohttp.ClientTimeout(4)
                ) as session:
                    await self._work(session, node)
            except (aiohttp.ClientError, TimeoutError, OSError):
                await asyncio.sleep(0.05)

    async def _work(self, session, node):
        app = node.app("chaos")
        name = f"p{self.number}.{self.life}"
        number = 0
        while not self.run.is_over:
            number += 1
            channel = self.run.random.choice(self.run.channels)
            publication = Publication(channel, f"{name}:{number}", node)
            raw = json.dumps({"name": "e", "channel": channel, "data": publication.data}).encode()
            target = signed_target(app, "POST", f"/apps/{app.id}/events", raw)
            self.run.attempts += 1
            async with session.post(f"http://{node.host}:{node.port}{target}", data=raw) as answer:
                await answer.read()
                if answer.status != 200:
                    self.refused += 1
                    return
            publication.done_at = now()
            self.run.publications.append(publication)
            await asyncio.sleep(self.run.random.uniform(0.005, 0.04))
