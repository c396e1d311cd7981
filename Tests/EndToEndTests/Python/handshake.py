"""Handshake, protocol versions, errors before the connection is established, encoding, duplicates."""

import asyncio
import json
import re

import websockets
from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import publish

VERSION = "client=test&version=1.0"


@scenario("the first message is connection_established with a socket id and the activity timeout")
async def established(server):
    async with await PusherSocket.open(server) as socket:
        message = await socket.next()
        expect_equal(set(message), {"event", "data"}, "the keys")
        expect_equal(message["event"], "pusher:connection_established", "the event")
        expect(isinstance(message["data"], str), "the data must be a string")
        data = json.loads(message["data"])
        expect_equal(set(data), {"socket_id", "activity_timeout"}, "the data's keys")
        expect(re.fullmatch(r"\d+\.\d+", data["socket_id"]), f"the socket id is {data['socket_id']}")
        expect_equal(data["activity_timeout"], 120, "the activity timeout")
        await socket.fence()


@scenario("socket ids differ")
async def socket_ids(server):
    sockets = [await PusherSocket.establish(server) for _ in range(20)]
    expect_equal(len({socket.socket_id for socket in sockets}), 20, "the number of socket ids")
    for socket in sockets:
        await socket.close()


@scenario("protocols 4 to 7 are served")
async def live_protocols(server):
    for protocol in (4, 5, 6, 7):
        async with await PusherSocket.establish(server, query=f"protocol={protocol}&{VERSION}") as socket:
            await socket.subscribe(unique("news-"))


@scenario("protocols that are dead, unknown, malformed or missing are refused with 4006 to 4008")
async def dead_protocols(server):
    cases = [(f"protocol={n}&{VERSION}", {4007}) for n in (0, 1, 2, 3, 8, 99)]
    cases += [(f"protocol=x&{VERSION}", {4006, 4007, 4008}), (f"protocol=-7&{VERSION}", {4006, 4007})]
    cases += [("", {4007, 4008}), ("client=js", {4007, 4008})]
    for query, codes in cases:
        async with await PusherSocket.open(server, query=query) as socket:
            message = await socket.next()
            expect_equal(message["event"], "pusher:error", f"the answer to {query!r}")
            code = message["data"]["code"]
            expect(code in codes, f"{query!r} was refused with {code}, not one of {codes}")
            await socket.expect_close(code)


@scenario("an unknown app is told 4001 inside the socket, in an error and in the close")
async def unknown_app(server):
    async with await PusherSocket.open(server, path="/app/nobody") as socket:
        await socket.expect_error(4001, "App key nobody not in this cluster")
        await socket.expect_close(4001)


@scenario("a disabled app is told 4003 inside the socket")
async def disabled_app(server):
    async with await PusherSocket.open(server, server.app("disabled")) as socket:
        await socket.expect_error(4003)
        await socket.expect_close(4003)


@scenario("a path without an app key is told 4005 inside the socket")
async def unknown_path(server):
    for path in ("/app/", "/app", "/elsewhere", "/app/demo-key/more"):
        async with await PusherSocket.open(server, path=path) as socket:
            await socket.expect_error(4005)
            await socket.expect_close(4005)


@scenario("connections beyond the app's quota are told 4004, and a seat that is left can be taken again", alone=True)
async def quota(server):
    app = server.app("small")
    origin = {"origin": "https://app.test"}
    first = await PusherSocket.establish(server, app, **origin)
    second = await PusherSocket.establish(server, app, **origin)
    async with await PusherSocket.open(server, app, **origin) as third:
        await third.expect_error(4004)
        await third.expect_close(4004)
    await first.close()

    async def connects():
        async with await PusherSocket.open(server, app, **origin) as socket:
            return (await socket.next())["event"] == "pusher:connection_established"

    await eventually(connects, "the free seat can be taken")
    await second.close()


@scenario("origins are checked as the app lists them: exact, wildcard host, any port", alone=True)
async def origins(server):
    app = server.app("small")

    async def verdict(origin):
        for _ in range(200):
            async with await PusherSocket.open(server, app, **({"origin": origin} if origin else {})) as socket:
                message = await socket.next()
            if message["event"] == "pusher:connection_established":
                return None
            if message["data"]["code"] != 4004:
                return message["data"]["code"]
            await asyncio.sleep(0.02)
        raise AssertionError("the app never had a free seat")

    for origin in ("https://app.test", "https://a.wild.test", "http://wild.test", "http://localhost:8080"):
        expect_equal(await verdict(origin), None, f"the verdict on {origin}")
    for origin in ("https://evil.test", "http://app.test", "https://app.test.evil.test", "https://xwild.test"):
        expect_equal(await verdict(origin), 4009, f"the verdict on {origin}")


@scenario("the subprotocol is echoed if it is ours, and left out if it is not")
async def subprotocol(server):
    for token in ("pusher-channels-protocol-7", "pusher-channels-protocol-5"):
        async with await PusherSocket.establish(server, subprotocols=[token]) as socket:
            expect_equal(socket.connection.subprotocol, token, "the subprotocol")
    async with await PusherSocket.establish(server, subprotocols=["mqtt", "pusher-channels-protocol-7"]) as socket:
        expect_equal(socket.connection.subprotocol, "pusher-channels-protocol-7", "the subprotocol")
    async with await PusherSocket.establish(server, subprotocols=["mqtt"]) as socket:
        expect_equal(socket.connection.subprotocol, None, "the subprotocol")


@scenario("permessage-deflate may be offered, as browsers do")
async def compression_offer(server):
    async with await PusherSocket.establish(server, compression="deflate") as socket:
        await socket.fence()


@scenario("messages that arrive before the handshake is read are answered after connection_established")
async def early_messages(server):
    async with await PusherSocket.open(server) as socket:
        await socket.send("pusher:ping", "")
        await socket.send("pusher:subscribe", {"channel": "early"})
        expect_equal((await socket.next())["event"], "pusher:connection_established", "the first event")
        expect_equal(await socket.next(), {"event": "pusher:pong", "data": {}}, "the second message")
        await socket.expect("pusher_internal:subscription_succeeded", "early")


@scenario("a ping event with any data is answered with an empty object, a ping frame with its own bytes")
async def pings(server):
    async with await PusherSocket.establish(server) as socket:
        for data in ({}, "", None, {"x": 1}, [1]):
            await socket.send("pusher:ping", data)
            expect_equal(await socket.next(), {"event": "pusher:pong", "data": {}}, "the answer")
        async with asyncio.timeout(10):
            await (await socket.connection.ping(b"bytes"))


@scenario("a pong event is taken without an answer")
async def pong(server):
    async with await PusherSocket.establish(server) as socket:
        await socket.send("pusher:pong", {})
        await socket.fence()


@scenario("malformed messages are answered with an error without a code, and the connection stays")
async def malformed(server):
    hostile = [
        "", " ", "{", "}", "null", "7", '"text"', "[]", "[1,2]", "{}", '{"data":{}}', '{"event":7}', '{"event":null}',
        '{"event":"pusher:subscribe"', '{"event":"pusher:subscribe","data":{"channel":"a"}} trailing',
        '{"event":"a\u0001b"}', '{"event":"\\ud800"}', "[" * 5000, '{"a":' * 5000, '{"event":"x","event"}',
    ]  # fmt: skip
    async with await PusherSocket.establish(server) as socket:
        for text in hostile:
            await socket.send_raw(text)
            await socket.expect_error(None)
        await socket.fence()


@scenario("unknown events are answered with an error that names them")
async def unknown_events(server):
    async with await PusherSocket.establish(server) as socket:
        for name in ("hello", "pusher:unknown", "pusher_internal:subscription_succeeded", "App\\Events\\X"):
            await socket.send(name, {})
            error = await socket.expect_error(None, "Unsupported event received on socket")
            expect(name in error["message"], f"{name!r} is not in {error}")
        await socket.fence()


@scenario("a second subscribe is refused and changes nothing")
async def duplicate(server):
    channel = unique("twice-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        await socket.request_subscription(channel)
        await socket.expect_error(None, f"Existing subscription to channel {channel}")
        rest = [message["event"] for message in await socket.collect_until_pong()]
        expect(rest in ([], ["pusher:subscription_error"]), f"after the error came {rest}")
        await publish(server, channel, "once", "1")
        await socket.expect("once", channel)
        await socket.fence()


@scenario("after unsubscribe nothing of the channel arrives, and it can be joined again")
async def unsubscribe(server):
    channel, other = unique("gone-"), unique("fence-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        await socket.subscribe(other)
        await socket.unsubscribe(channel)
        await publish(server, [channel, other], "event", "1")
        await socket.expect("event", other)
        await socket.subscribe(channel)
        await publish(server, channel, "event", "2")
        await socket.expect("event", channel)


@scenario("unsubscribing from a channel that was never joined is ignored")
async def idle_unsubscribe(server):
    async with await PusherSocket.establish(server) as socket:
        await socket.send("pusher:unsubscribe", {"channel": unique("never-")})
        await socket.send("pusher:unsubscribe", {"channel": 7})
        await socket.collect_until_pong()
        await socket.fence()


@scenario("the data of a command may be a string that holds JSON, and null counts as absent")
async def command_encodings(server):
    async with await PusherSocket.establish(server) as socket:
        channel = unique("string-")
        await socket.send("pusher:subscribe", json.dumps({"channel": channel}))
        await socket.expect("pusher_internal:subscription_succeeded", channel)
        channel = unique("nulls-")
        await socket.send("pusher:subscribe", {"channel": channel, "auth": None, "channel_data": None})
        await socket.expect("pusher_internal:subscription_succeeded", channel)
        channel = unique("empty-")
        await socket.send("pusher:subscribe", {"channel": channel, "auth": "", "channel_data": ""})
        await socket.expect("pusher_internal:subscription_succeeded", channel)


@scenario("published data arrives byte for byte, whatever it is")
async def relay(server):
    channel = unique("bytes-")
    bodies = [
        "", "plain text", '{"b":1.10,"a":1e2,"a":2}', "\"quoted\\\"", "\x00\x01\t\r\n", "ünï ∞ 🐦 \u2028",
        "</script>", "\\u0041", "x" * 10_000, "🐦" * 2_000,
    ]  # fmt: skip
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        for body in bodies:
            await publish(server, channel, "App\\Events\\Über", body)
        for body in bodies:
            message = await socket.expect("App\\Events\\Über", channel)
            expect_equal(message["data"], body, "the data")
            expect_equal(set(message), {"event", "channel", "data"}, "the keys")


@scenario("channel names are checked for characters and length")
async def channel_names(server):
    async with await PusherSocket.establish(server) as socket:
        for name in ("a", "A-z_0=9@,.;", "x" * 164, "privateer", "presence", "cache"):
            await socket.subscribe(name)
            await socket.unsubscribe(name)
        for name in ("", "a b", "a/b", "a:b", "ü", "#chat", "x" * 165, "a\n", "*"):
            await socket.request_subscription(name)
            messages = await socket.collect_until_pong()
            events = sorted(message["event"] for message in messages)
            expect("pusher:error" in events, f"{name!r} was answered with {messages}")
            expect("pusher_internal:subscription_succeeded" not in events, f"{name!r} was accepted")
        for data in ({}, {"channel": None}, {"channel": 7}, {"channel": ["a"]}, "text", 7, [], None):
            await socket.send("pusher:subscribe", data)
            messages = await socket.collect_until_pong()
            expect(any(message["event"] == "pusher:error" for message in messages), f"{data!r}: {messages}")


@scenario("a plain GET of the WebSocket path is answered without an upgrade, and the server lives on")
async def plain_get(server):
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"GET /app/demo-key?protocol=7 HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    status = await asyncio.wait_for(reader.readline(), 10)
    expect(status.split()[1][:1] == b"4", f"the status line is {status}")
    writer.close()
    async with await PusherSocket.establish(server) as socket:
        await socket.fence()


@scenario("the close handshake echoes the client's code")
async def client_close(server):
    async with await PusherSocket.establish(server) as socket:
        await socket.connection.close(1000, "bye")
        expect_equal(socket.connection.close_code, 1000, "the close code")
    async with await PusherSocket.establish(server) as socket:
        await socket.connection.close(4999, "mine")
        expect_equal(socket.connection.protocol.close_rcvd.code, 4999, "the echoed code")


@scenario("five hundred connections that come and go leave a working server")
async def churn(server):
    async def one():
        async with await PusherSocket.establish(server) as socket:
            await socket.subscribe("churn")

    for _ in range(10):
        await asyncio.gather(*(one() for _ in range(50)))
    with_one = await PusherSocket.establish(server)
    expect(isinstance(with_one.connection, websockets.ClientConnection), "a connection")
    await with_one.close()


if __name__ == "__main__":
    main()
