"""Private, presence, cache and encrypted channels, subscription counts, client events."""

import asyncio
import base64
import hashlib
import json
import os
import time

import nacl.secret
from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import api, channel_auth, publish, sign


@scenario("a private channel is joined with a signature of the socket and the channel")
async def private(server):
    for prefix in ("private-", "private-encrypted-", "private-encrypted"):
        channel = unique(prefix)
        async with await PusherSocket.establish(server) as socket:
            expect_equal(await socket.subscribe(channel), {}, "the data")
            await publish(server, channel, "event", "1")
            await socket.expect("event", channel)


@scenario("every wrong authorization is refused with the reason, and the right signature never appears")
async def wrong_authorization(server):
    app = server.app()
    async with await PusherSocket.establish(server) as socket:
        channel = unique("private-")
        right = sign(app.secret, f"{socket.socket_id}:{channel}")
        cases = [
            (None, f"Auth info required to subscribe to {channel}"),
            ("", f"Auth info required to subscribe to {channel}"),
            ("nonsense", "should be of format 'key:signature'"),
            (f"other-key:{right}", "Invalid key in subscription auth data: 'other-key'"),
            (f"{app.key}:{'0' * 64}", "Invalid signature"),
            (f"{app.key}:{right[:-1]}", "Invalid signature"),
            (f"{app.key}:{right}:more", "Invalid signature"),
            (f"{app.key}:", ""),
            (channel_auth(app, "1.1", channel), "Invalid signature"),
            (channel_auth(app, socket.socket_id, channel + "x"), "Invalid signature"),
            (channel_auth(server.app("plain"), socket.socket_id, channel), "Invalid key"),
        ]
        for auth, text in cases:
            data = {"channel": channel} if auth is None else {"channel": channel, "auth": auth}
            await socket.send("pusher:subscribe", data)
            try:
                error = await socket.expect_refusal(channel, text)
            except AssertionError as failure:
                raise AssertionError(f"{auth}: {failure}") from failure
            expect(right not in json.dumps(error), "the right signature is in the error")
        await socket.subscribe(channel)


@scenario("channel_data is signed on private channels too")
async def private_channel_data(server):
    async with await PusherSocket.establish(server) as socket:
        channel = unique("private-")
        await socket.send(
            "pusher:subscribe",
            {"channel": channel, "auth": channel_auth(socket.app, socket.socket_id, channel), "channel_data": "{}"},
        )
        await socket.expect_refusal(channel, "Invalid signature")
        await socket.subscribe(channel, channel_data='{"any": "thing"}')


@scenario("members see each other come and go, each once, whatever the number of their connections")
async def presence(server):
    channel = unique("presence-")
    ada = {"user_id": "41", "user_info": {"name": "Ada"}}
    bo = {"user_id": "42", "user_info": {"name": "Bo", "x": [1, None, "ü"]}}
    async with await PusherSocket.establish(server) as first:
        data = await first.subscribe(channel, user=ada)
        expect_equal(data, {"presence": {"count": 1, "ids": ["41"], "hash": {"41": {"name": "Ada"}}}}, "the members")
        second, third = [await PusherSocket.establish(server) for _ in range(2)]
        data = (await second.subscribe(channel, user=bo))["presence"]
        expect_equal(data["count"], 2, "the count")
        expect_equal(sorted(data["ids"]), ["41", "42"], "the ids")
        expect_equal(data["hash"], {"41": ada["user_info"], "42": bo["user_info"]}, "the hash")
        message = await first.expect("pusher_internal:member_added", channel)
        expect_equal(json.loads(message["data"]), bo, "the new member")
        # The same user again: told to nobody, and the snapshot counts users.
        data = (await third.subscribe(channel, user=bo))["presence"]
        expect_equal(data["count"], 2, "the count")
        await first.fence()
        await second.fence()
        # One of the two connections leaves: still nothing. The last one: removed.
        await second.close()
        await third.unsubscribe(channel)
        message = await first.expect("pusher_internal:member_removed", channel)
        expect_equal(json.loads(message["data"]), {"user_id": "42"}, "the lost member")
        await first.fence()
        await third.close()


@scenario("a member without user_info has a null entry in the hash")
async def presence_without_info(server):
    channel = unique("presence-")
    async with await PusherSocket.establish(server) as socket:
        data = (await socket.subscribe(channel, user={"user_id": "7"}))["presence"]
        expect_equal(data, {"count": 1, "ids": ["7"], "hash": {"7": None}}, "the members")


@scenario("a numeric user id is taken as its string")
async def numeric_user(server):
    channel = unique("presence-")
    async with await PusherSocket.establish(server) as socket:
        data = (await socket.subscribe(channel, user={"user_id": 7}))["presence"]
        expect_equal(data["ids"], ["7"], "the ids")


@scenario("presence without valid channel_data is refused")
async def presence_refusals(server):
    channel = unique("presence-")
    bad = [None, "", "no json", "{}", '{"user_id":null}', '{"user_id":""}', '{"user_id":{}}', "[]", '"7"', "7"]
    bad.append(json.dumps({"user_id": "x" * 129}))
    bad.append(json.dumps({"user_id": "1", "user_info": {"x": "y" * 1025}}))
    async with await PusherSocket.establish(server) as socket:
        for channel_data in bad:
            await socket.request_subscription(channel, channel_data=channel_data)
            await socket.expect_refusal(channel)
        await socket.subscribe(channel, user={"user_id": "x" * 128})


@scenario("a full presence channel refuses a new user, but takes another connection of a member")
async def presence_limit(server):
    channel = unique("presence-")
    sockets = [await PusherSocket.establish(server) for _ in range(102)]
    for number, socket in enumerate(sockets[:100]):
        await socket.request_subscription(channel, user={"user_id": str(number)})
    data = None
    for socket in sockets[:100]:
        while True:
            message = await socket.next()
            if message["event"] == "pusher_internal:subscription_succeeded":
                data = json.loads(message["data"])["presence"]
                break
    expect(data["count"] <= 100, f"the count is {data['count']}")
    await sockets[100].request_subscription(channel, user={"user_id": "one too many"})
    await sockets[100].expect_refusal(channel)
    data = (await sockets[101].subscribe(channel, user={"user_id": "7"}))["presence"]
    expect_equal(data["count"], 100, "the count")
    for socket in sockets:
        await socket.close()


@scenario("a cache channel hands its last event to newcomers, and says so when it has none")
async def cache(server):
    for prefix in ("cache-", "private-cache-", "private-encrypted-cache-", "presence-cache-"):
        channel = unique(prefix)
        user = {"user_id": "1"} if prefix.startswith("presence") else None
        async with await PusherSocket.establish(server) as socket:
            await socket.subscribe(channel, user=user)
            message = await socket.expect("pusher:cache_miss", channel)
            expect_equal(message, {"event": "pusher:cache_miss", "channel": channel, "data": "{}"}, "the miss")
            await publish(server, channel, "price", "1")
            await publish(server, channel, "price-2", '{"p":2}', socket_id=socket.socket_id)
            await socket.expect("price", channel)
            await socket.fence()
        async with await PusherSocket.establish(server) as socket:
            await socket.subscribe(channel, user=user)
            message = await socket.expect("price-2", channel)
            expect_equal(message, {"event": "price-2", "channel": channel, "data": '{"p":2}'}, "the cached event")
            await socket.fence()


@scenario("client events are never cached")
async def cache_client_events(server):
    channel = unique("private-cache-")
    async with await PusherSocket.establish(server) as first, await PusherSocket.establish(server) as second:
        await first.subscribe(channel)
        await first.expect("pusher:cache_miss", channel)
        await first.send("client-x", {"a": 1}, channel=channel)
        await first.fence()
        await second.subscribe(channel)
        await second.expect("pusher:cache_miss", channel)


@scenario("an encrypted channel relays the ciphertext untouched")
async def encrypted(server):
    channel = unique("private-encrypted-")
    master = os.urandom(32)
    box = nacl.secret.SecretBox(hashlib.sha256(channel.encode() + master).digest())
    nonce = os.urandom(24)
    sealed = box.encrypt(b"secret \xf0\x9f\x90\xa6", nonce).ciphertext
    data = json.dumps(
        {"nonce": base64.b64encode(nonce).decode(), "ciphertext": base64.b64encode(sealed).decode()},
        separators=(",", ":"),
    )
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        await publish(server, channel, "event", data)
        message = await socket.expect("event", channel)
        expect_equal(message["data"], data, "the data")


@scenario("client events reach the other subscribers as strings, with the sender's id on presence channels")
async def client_events(server):
    for prefix, user_id in (("private-", None), ("presence-", "41")):
        channel = unique(prefix)
        first, second = [await PusherSocket.establish(server) for _ in range(2)]
        await first.subscribe(channel, user={"user_id": "41"} if user_id else None)
        await second.subscribe(channel, user={"user_id": "42"} if user_id else None)
        if user_id:
            await first.expect("pusher_internal:member_added", channel)
        for sent, received in (({"on": True}, {"on": True}), ("text", "text"), ([1], [1]), (7, 7), ('{"a":1}', None)):
            await first.send("client-typing", sent, channel=channel)
            message = await second.expect("client-typing", channel)
            expect(isinstance(message["data"], str), f"the data of {message} must be a string")
            if isinstance(sent, str):
                expect_equal(message["data"], sent, "the data")
            else:
                expect_equal(json.loads(message["data"]), received, "the data")
            expect_equal(message.get("user_id"), user_id, "the user id")
        await first.fence()
        await first.close()
        await second.close()


@scenario("client events are refused with the reason where they are not allowed")
async def client_event_refusals(server):
    channel = unique("private-")
    async with await PusherSocket.establish(server) as socket:
        await socket.send("client-x", {}, channel=channel)
        await socket.expect_error(
            None, f"Cannot broadcast client event (connection not subscribed to channel {channel})"
        )
        public = unique("public-")
        await socket.subscribe(public)
        await socket.send("client-x", {}, channel=public)
        await socket.expect_error(None)
        await socket.send("client-x", {})
        await socket.expect_error(None, "Invalid client event (must contain channel and data)")
        await socket.send("client-x", channel=channel)
        await socket.expect_error(None)
        await socket.subscribe(channel)
        await socket.send("client-" + "x" * 194, {}, channel=channel)
        await socket.expect_error(None)
        await socket.send("client-x", "x" * 10_241, channel=channel)
        await socket.expect_error(None)
        await socket.send("client-x", "x" * 10_240, channel=channel)
        await socket.fence()
    async with await PusherSocket.establish(server, server.app("plain")) as socket:
        await socket.subscribe(channel)
        await socket.send("client-x", {}, channel=channel)
        await socket.expect_error(None, "To send client events, you must enable this feature")


@scenario("client events beyond ten a second are dropped with 4301, and the connection stays")
async def client_event_rate(server):
    channel = unique("private-")
    async with await PusherSocket.establish(server) as first, await PusherSocket.establish(server) as second:
        await first.subscribe(channel)
        await second.subscribe(channel)
        started = time.monotonic()
        for number in range(25):
            await first.send("client-n", number, channel=channel)
        refused = await first.collect_until_pong()
        windows = int(time.monotonic() - started) + 1
        expect(all(message["data"]["code"] == 4301 for message in refused), f"{refused[:2]}")
        expect(25 - 10 * windows <= len(refused) <= 15, f"{len(refused)} of 25 were refused in {windows} windows")
        arrived = await second.collect_until_pong()
        expect_equal(len(arrived), 25 - len(refused), "the number of events that arrived")

        # Later events pass again.
        async def passes():
            await first.send("client-later", 1, channel=channel)
            return not await first.collect_until_pong()

        await eventually(passes, "the limit recovers")


@scenario("subscribers learn the number of subscriptions on every change")
async def subscription_count(server):
    app = server.app("counting")
    channel = unique("counted-")

    async def counts(socket, number):
        message = await socket.expect("pusher_internal:subscription_count", channel)
        expect_equal(json.loads(message["data"]), {"subscription_count": number}, "the count")

    async with await PusherSocket.establish(server, app) as first, await PusherSocket.establish(server, app) as second:
        await first.subscribe(channel)
        await counts(first, 1)
        await second.subscribe(channel)
        await counts(second, 2)
        await counts(first, 2)
        await second.send("pusher:unsubscribe", {"channel": channel})
        await counts(first, 1)
        presence = unique("presence-")
        await first.subscribe(presence, user={"user_id": "1"})
        await first.fence()
        cached = unique("cache-")
        await first.subscribe(cached)
        await first.expect("pusher:cache_miss", cached)
        await first.expect("pusher_internal:subscription_count", cached)


@scenario("beyond a hundred subscribers counts come at most every five seconds")
async def subscription_count_cadence(server):
    app = server.app("counting")
    channel = unique("crowd-")
    first = await PusherSocket.establish(server, app)
    await first.subscribe(channel)
    others = [await PusherSocket.establish(server, app) for _ in range(119)]
    for socket in others:
        await socket.subscribe(channel)
    counts = [json.loads(m["data"])["subscription_count"] for m in await first.collect_until_pong()]
    expect_equal(counts[:100], list(range(1, 101)), "the first hundred counts")
    expect(len(counts) <= 103, f"{len(counts)} counts came for 120 subscriptions")
    if counts[-1] != 120:
        message = await first.expect("pusher_internal:subscription_count", channel, limit=10)
        expect_equal(json.loads(message["data"])["subscription_count"], 120, "the last count")
    for socket in [first, *others]:
        await socket.close()


@scenario("an event for several channels reaches a subscriber once per channel, and never the excluded socket")
async def several_channels(server):
    one, two = unique("one-"), unique("two-")
    async with await PusherSocket.establish(server) as first, await PusherSocket.establish(server) as second:
        for socket in (first, second):
            await socket.subscribe(one)
            await socket.subscribe(two)
        await publish(server, [one, two, one], "event", "1", socket_id=first.socket_id)
        received = sorted([(await second.next())["channel"], (await second.next())["channel"]])
        expect_equal(received, sorted([one, two]), "the channels")
        await second.fence()
        await first.fence()


@scenario("events keep their order on every socket, and none is lost or doubled")
async def order(server):
    channel = unique("ordered-")
    sockets = [await PusherSocket.establish(server) for _ in range(10)]
    for socket in sockets:
        await socket.subscribe(channel)
    for number in range(200):
        await publish(server, channel, "n", str(number))
    for socket in sockets:
        numbers = [int((await socket.expect("n", channel))["data"]) for _ in range(200)]
        expect_equal(numbers, list(range(200)), "the order")
        await socket.fence()
        await socket.close()


@scenario("a slow second subscriber never gets an event before subscription_succeeded")
async def atomic_join(server):
    channel = unique("atomic-")
    done = False

    async def publisher():
        number = 0
        while not done:
            await publish(server, channel, "n", str(number))
            number += 1

    task = asyncio.create_task(publisher())
    try:
        for _ in range(60):
            async with await PusherSocket.establish(server) as socket:
                await socket.subscribe(channel)
                first = int((await socket.expect("n", channel))["data"])
                second = int((await socket.expect("n", channel))["data"])
                expect_equal(second, first + 1, "the second event")
    finally:
        done = True
        await task


@scenario("apps do not hear each other")
async def tenants(server):
    channel = unique("shared-")
    async with (
        await PusherSocket.establish(server) as mine,
        await PusherSocket.establish(server, server.app("plain")) as theirs,
    ):
        await mine.subscribe(channel)
        await theirs.subscribe(channel)
        await publish(server, channel, "event", "1")
        await mine.expect("event", channel)
        await publish(server, channel, "other", "2", app=server.app("plain"))
        await theirs.expect("other", channel)
        await mine.fence()
        answer = await api(server, "GET", f"/channels/{channel}", app=server.app("plain"))
        expect_equal(answer.json()["occupied"], True, "occupied")


if __name__ == "__main__":
    main()
