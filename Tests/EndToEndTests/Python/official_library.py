"""The official server library and the other clients from PyPI, unchanged."""

import asyncio
import json
import threading

import asyncpusher
import pusher
import pysher
from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher.errors import PusherBadAuth, PusherBadRequest, PusherBadStatus, PusherForbidden
from pusher_socket import PusherSocket


def library(server, app="demo", **changes):
    app = server.app(app)
    values = {"app_id": app.id, "key": app.key, "secret": app.secret, **changes}
    return pusher.Pusher(**values, ssl=False, host=server.host, port=server.port)


async def call(function, *arguments, **options):
    """Calls the library, which blocks, beside the other scenarios."""
    return await asyncio.to_thread(function, *arguments, **options)


async def fails(error, text, function, *arguments, **options):
    try:
        result = await call(function, *arguments, **options)
    except error as raised:
        expect(text.lower() in str(raised).lower(), f"{text!r} is not in {raised}")
        return
    raise AssertionError(f"{error.__name__} was not raised, but {result} returned")


@scenario("trigger answers with an empty object and reaches the subscribers, except the excluded one")
async def trigger(server):
    client = library(server)
    one, two = unique("one-"), unique("two-")
    async with await PusherSocket.establish(server) as first, await PusherSocket.establish(server) as second:
        for socket in (first, second):
            await socket.subscribe(one)
            await socket.subscribe(two)
        expect_equal(
            await call(client.trigger, [one, two], "event", {"ü": [1, None]}, first.socket_id), {}, "the result"
        )
        for _ in range(2):
            expect_equal(json.loads((await second.next())["data"]), {"ü": [1, None]}, "the data")
        await second.fence()
        await first.fence()
        expect_equal(await call(client.trigger, one, "text", "not json"), {}, "the result")
        expect_equal((await first.expect("text", one))["data"], "not json", "the data")


@scenario("trigger_batch delivers each event in order")
async def batch(server):
    client = library(server)
    channel = unique("batch-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        events = [{"channel": channel, "name": f"n-{n}", "data": {"n": n}} for n in range(10)]
        expect_equal(await call(client.trigger_batch, events), {}, "the result")
        for n in range(10):
            message = await socket.expect(f"n-{n}", channel)
            expect_equal(json.loads(message["data"]), {"n": n}, "the data")


@scenario("the library reads channels, one channel, its attributes and its users, with body_md5 on every GET")
async def queries(server):
    client = library(server, "counting")
    app = server.app("counting")
    presence, public = unique("presence-"), unique("public-")
    first, second, third, fourth = [await PusherSocket.establish(server, app) for _ in range(4)]
    await first.subscribe(presence, user={"user_id": "41"})
    await second.subscribe(presence, user={"user_id": "41"})
    await third.subscribe(presence, user={"user_id": "42"})
    await fourth.subscribe(public)
    result = await call(client.channels_info)
    expect_equal(result["channels"][public], {}, "the public channel")
    result = await call(client.channels_info, presence, ["user_count"])
    expect_equal(result, {"channels": {presence: {"user_count": 2}}}, "the presence channels")
    result = await call(client.channel_info, presence, ["user_count", "subscription_count"])
    expect_equal(result, {"occupied": True, "user_count": 2, "subscription_count": 3}, "the presence channel")
    result = await call(client.channel_info, public, ["subscription_count"])
    expect_equal(result, {"occupied": True, "subscription_count": 1}, "the public channel")
    expect_equal(await call(client.channel_info, unique("empty-")), {"occupied": False}, "an empty channel")
    result = await call(client.users_info, presence)
    expect_equal(sorted(user["id"] for user in result["users"]), ["41", "42"], "the users")
    expect_equal(await call(client.users_info, unique("presence-")), {"users": []}, "the users of an empty channel")
    for socket in (first, second, third, fourth):
        await socket.close()


@scenario("wrong requests raise the library's errors with the texts that official suites look for")
async def errors(server):
    client = library(server, "counting")
    text = "user_count may only be requested for presence channels"
    await fails(PusherBadRequest, text, client.channels_info, "public-", ["user_count"])
    await fails(PusherBadRequest, text, client.channels_info, None, ["user_count"])
    text = "info should be a comma separated list of attributes"
    await fails(PusherBadRequest, text, client.channels_info, None, ["wrong"])
    text = "Cannot retrieve the user count unless the channel is a presence channel"
    await fails(PusherBadRequest, text, client.channel_info, "public", ["user_count"])
    await fails(PusherBadRequest, "", client.users_info, "public")
    await fails(PusherBadStatus, "content of this event", client.trigger, "a", "b", "x" * 10_241)
    events = [{"channel": "a", "name": "b", "data": "c"} for _ in range(11)]
    await fails(PusherBadRequest, "Batch too large", client.trigger_batch, events)
    await fails(PusherBadAuth, "Invalid signature", library(server, secret="wrong").trigger, "a", "b", "c")
    await fails(PusherBadAuth, "", library(server, key="unknown").trigger, "a", "b", "c")
    await fails(PusherBadStatus, "404", library(server, app_id="999").trigger, "a", "b", "c")
    await fails(PusherForbidden, "", library(server, "disabled").trigger, "a", "b", "c")


@scenario("what the library signs for subscribers is accepted")
async def authorization(server):
    client = library(server)
    private, presence = unique("private-"), unique("presence-")
    async with await PusherSocket.establish(server) as socket:
        answer = client.authenticate(private, socket.socket_id)
        await socket.subscribe(private, auth=answer["auth"])
        answer = client.authenticate(presence, socket.socket_id, {"user_id": "41", "user_info": {"name": "Ada"}})
        data = await socket.subscribe(presence, auth=answer["auth"], channel_data=answer["channel_data"])
        expect_equal(data["presence"]["hash"], {"41": {"name": "Ada"}}, "the members")
        custom = unique("private-")
        answer = client.authenticate(custom, socket.socket_id, {"custom": "data"})
        await socket.subscribe(custom, auth=answer["auth"], channel_data=answer["channel_data"])
        answer = client.authenticate_user(socket.socket_id, {"id": "41"})
        await socket.send("pusher:signin", answer)
        await socket.expect("pusher:signin_success")


@scenario("the library's encrypted events are relayed as it sealed them")
async def encrypted(server):
    client = library(server, encryption_master_key_base64="nxzvbGF+f8FGhk/jOaZvgMle1tqxzF/VfUZLBLhhaH0=")
    channel = unique("private-encrypted-")
    async with await PusherSocket.establish(server) as socket:
        answer = client.authenticate(channel, socket.socket_id)
        await socket.subscribe(channel, auth=answer["auth"])
        await call(client.trigger, channel, "event", {"secret": 1})
        message = await socket.expect("event", channel)
        expect_equal(set(json.loads(message["data"])), {"nonce", "ciphertext"}, "the data's keys")


@scenario("the library terminates a user's connections, although its path lacks the app")
async def terminate(server):
    client = library(server)
    user = unique("user-")
    async with await PusherSocket.establish(server) as socket:
        await socket.sign_in({"id": user})
        expect_equal(await call(client.terminate_user_connections, user), {}, "the result")
        async with asyncio.timeout(10):
            await socket.connection.wait_closed()
        expect_equal(socket.connection.close_code, 4009, "the close code")


@scenario("Pysher, which speaks protocol 6 and pings before the handshake, subscribes and exchanges client events")
async def pysher_clients(server):
    app = server.app()
    private, presence, public = unique("private-"), unique("presence-"), unique("public-")
    received = []
    connected = [threading.Event(), threading.Event()]
    clients = []
    for number in range(2):
        client = pysher.Pusher(
            key=app.key,
            secret=app.secret,
            secure=False,
            custom_host=server.host,
            port=server.port,
            user_data={"user_id": str(number), "user_info": {"n": number}},
        )
        client.connection.bind("pusher:connection_established", lambda _, event=connected[number]: event.set())
        client.connect()
        clients.append(client)
    for event in connected:
        expect(await asyncio.to_thread(event.wait, 15), "Pysher did not connect")
    channels = []
    for number, client in enumerate(clients):
        for name in (public, private, presence):
            channel = client.subscribe(name)
            for event in ("event", "client-hello", "probe"):
                channel.bind(event, lambda data, key=(number, name, event): received.append((*key, data)))
            channels.append(channel)

    def got(number, name, event):
        return [data for n, c, e, data in received if (n, c, e) == (number, name, event)]

    server_side = library(server)

    # The library has no sure sign of a subscription: it may have arrived before the callback was bound.
    async def subscribed():
        await call(server_side.trigger, [public, private, presence], "probe", {})
        return all(got(n, name, "probe") for n in (0, 1) for name in (public, private, presence))

    await eventually(subscribed, "subscriptions")
    await call(server_side.trigger, [public, private, presence], "event", {"x": 1})
    await eventually(
        lambda: all(got(n, name, "event") for n in (0, 1) for name in (public, private, presence)), "events"
    )
    expect_equal(json.loads(got(0, public, "event")[0]), {"x": 1}, "the data")
    channels[1].trigger("client-hello", {"from": "0"})
    channels[2].trigger("client-hello", {"from": "0"})
    await eventually(lambda: got(1, private, "client-hello") and got(1, presence, "client-hello"), "client events")
    expect_equal(json.loads(got(1, private, "client-hello")[0]), {"from": "0"}, "the data")
    expect_equal(got(0, private, "client-hello"), [], "the sender's own event")
    for client in clients:
        await asyncio.to_thread(client.disconnect, 1)


@scenario("asyncpusher, which speaks in frames, subscribes and exchanges client events")
async def asyncpusher_clients(server):
    signer = library(server)
    private, presence, public = unique("private-"), unique("presence-"), unique("public-")
    received = []
    clients = []

    def authenticator(number):
        async def authenticate(data):
            name = data["channel_name"]
            member = {"user_id": str(number)} if name.startswith("presence-") else None
            return signer.authenticate(name, data["socket_id"], member)

        return authenticate

    def recorder(*key):
        async def record(data):
            received.append((*key, data))

        return record

    channels = []
    for number in range(2):
        client = asyncpusher.Pusher(
            server.app().key,
            secure=False,
            custom_host=server.host,
            custom_port=server.port,
            channel_authenticator=authenticator(number),
        )
        await client.connect()
        clients.append(client)
        for name in (public, private, presence):
            channel = await client.subscribe(name)
            for event in ("event", "client-hello"):
                channel.bind(event, recorder(number, name, event))
            channels.append(channel)
    await eventually(lambda: all(c.state == asyncpusher.Channel.State.SUBSCRIBED for c in channels), "subscriptions")
    await call(signer.trigger, [public, private, presence], "event", {"x": 1})
    await eventually(lambda: len(received) == 6, "events")
    expect_equal(sorted({entry[3]["x"] for entry in received}), [1], "the data")
    received.clear()
    await channels[1].trigger({"event": "client-hello", "data": {"from": "0"}})
    await channels[2].trigger({"event": "client-hello", "data": {"from": "0"}})
    await eventually(lambda: len(received) == 2, "client events")
    expect_equal(
        sorted(received, key=str),
        sorted([(1, private, "client-hello", {"from": "0"}), (1, presence, "client-hello", {"from": "0"})], key=str),
        "the client events",
    )
    for client in clients:
        await client.disconnect()


if __name__ == "__main__":
    main()
