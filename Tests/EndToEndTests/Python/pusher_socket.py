"""One scripted connection on top of the `websockets` library."""

import asyncio
import json

import websockets
from harness import expect, expect_equal
from signing import channel_auth, user_auth

WAIT = 15.0


class PusherSocket:
    """A connection that sends what it is told and hands over messages in their order."""

    def __init__(self, server, app, connection):
        self.server = server
        self.app = app
        self.connection = connection
        self.socket_id = None
        self.activity_timeout = None

    @classmethod
    async def open(
        cls, server, app=None, *, query="protocol=7&client=test&version=1.0", path=None, port=None, **options
    ):
        """Opens a connection without waiting for a message."""
        app = app or server.app()
        path = path if path is not None else f"/app/{app.key}"
        scheme = "wss" if options.get("ssl") else "ws"
        url = f"{scheme}://{server.host}:{port or server.port}{path}" + (f"?{query}" if query else "")
        options.setdefault("ping_interval", None)
        options.setdefault("compression", None)
        options.setdefault("open_timeout", WAIT)
        options.setdefault("max_size", 16 * 1024 * 1024)
        options.setdefault("proxy", None)
        options.setdefault("max_queue", None)
        return cls(server, app, await websockets.connect(url, **options))

    @classmethod
    async def establish(cls, server, app=None, **options):
        """Opens a connection and reads `pusher:connection_established`."""
        socket = await cls.open(server, app, **options)
        message = await socket.next()
        expect_equal(message.get("event"), "pusher:connection_established", f"the first event of {message}")
        data = json.loads(message["data"])
        socket.socket_id = data["socket_id"]
        socket.activity_timeout = data["activity_timeout"]
        return socket

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        await self.connection.close()

    async def send(self, event, data=None, **fields):
        """Sends one event; `data` is left out if it is None."""
        message = {"event": event, **fields}
        if data is not None:
            message["data"] = data
        await self.connection.send(json.dumps(message))

    async def send_raw(self, message):
        await self.connection.send(message)

    async def next_text(self, limit=WAIT):
        """The next message as the server wrote it."""
        async with asyncio.timeout(limit):
            message = await self.connection.recv()
        expect(isinstance(message, str), f"a binary message: {message!r}")
        return message

    async def next(self, limit=WAIT):
        """The next message."""
        return json.loads(await self.next_text(limit))

    async def expect(self, event, channel=None, limit=WAIT):
        """The next message, which must be this event of this channel, with its data decoded if it is JSON."""
        message = await self.next(limit)
        actual = (message.get("event"), message.get("channel"))
        expect(actual == (event, channel), f"the next message is {message}, not {event} of {channel}")
        return message

    async def expect_error(self, code=None, text=""):
        """The next message, which must be `pusher:error` with the code and the text in its message."""
        message = await self.next()
        expect_equal(message.get("event"), "pusher:error", f"the event of {message}")
        data = message.get("data")
        expect(isinstance(data, dict), f"the data of pusher:error must be an object: {message}")
        expect("code" in data and data["code"] == code, f"the code must be {code}: {message}")
        expect(text.lower() in data.get("message", "").lower(), f"{text!r} is not in {message}")
        return data

    async def expect_refusal(self, channel, text="", code=None):
        """`pusher:error` and `pusher:subscription_error` of a refused subscription, in either order."""
        messages = {message.get("event"): message for message in await self.collect_until_pong()}
        expect_equal(
            sorted(messages, key=str), ["pusher:error", "pusher:subscription_error"], f"the refusal of {channel}"
        )
        data = messages["pusher:error"]["data"]
        expect(isinstance(data, dict) and data.get("code", "absent") == code, f"{messages['pusher:error']}")
        expect(text.lower() in data["message"].lower(), f"{text!r} is not in {data}")
        expect_equal(messages["pusher:subscription_error"].get("channel"), channel, "the refused channel")
        return data

    async def expect_close(self, code, limit=WAIT):
        """The end of the connection, which must carry the code."""
        try:
            async with asyncio.timeout(limit):
                message = await self.connection.recv()
        except websockets.ConnectionClosed as closed:
            actual = closed.rcvd.code if closed.rcvd else None
            expect_equal(actual, code, "the close code")
            return closed.rcvd.reason if closed.rcvd else ""
        raise AssertionError(f"a message instead of close {code}: {message}")

    async def fence(self):
        """Returns once the server has answered everything sent before, and nothing else has arrived."""
        await self.send("pusher:ping", {})
        message = await self.next()
        expect_equal(message, {"event": "pusher:pong", "data": {}}, "the next message")

    async def collect_until_pong(self):
        """Everything that has arrived before the answer to a ping."""
        await self.send("pusher:ping", {})
        messages = []
        while True:
            message = await self.next()
            if message["event"] == "pusher:pong":
                return messages
            messages.append(message)

    async def request_subscription(self, channel, *, user=None, channel_data=None, auth=None):
        """Sends the subscribe that the channel's kind needs; `user` is a presence member as a dictionary."""
        data = {"channel": channel}
        if user is not None:
            channel_data = json.dumps(user)
        if channel_data is not None:
            data["channel_data"] = channel_data
        if auth is not None:
            data["auth"] = auth
        elif channel.startswith(("private-", "presence-")):
            data["auth"] = channel_auth(self.app, self.socket_id, channel, channel_data)
        await self.send("pusher:subscribe", data)

    async def subscribe(self, channel, **options):
        """Subscribes and returns the decoded data of `subscription_succeeded`, which must be the next message."""
        await self.request_subscription(channel, **options)
        message = await self.expect("pusher_internal:subscription_succeeded", channel)
        expect(isinstance(message["data"], str), f"the data of {message} must be a string")
        return json.loads(message["data"])

    async def unsubscribe(self, channel):
        """Unsubscribes and waits until that is in force."""
        await self.send("pusher:unsubscribe", {"channel": channel})
        await self.fence()

    async def sign_in(self, user):
        """Signs in and returns the user data that the server confirmed."""
        user_data = json.dumps(user)
        await self.send(
            "pusher:signin", {"auth": user_auth(self.app, self.socket_id, user_data), "user_data": user_data}
        )
        message = await self.expect("pusher:signin_success")
        expect(isinstance(message["data"], str), f"the data of {message} must be a string")
        expect_equal(json.loads(message["data"])["user_data"], user_data, "the confirmed user data")
