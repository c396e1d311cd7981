"""Pings and pongs, the time to authorize: the server runs with a short activity timeout and a short pong wait."""

import asyncio
import contextlib
import json
import struct
import time

import websockets
from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from raw_socket import CLOSE, PING, PONG, TEXT, RawSocket, frame


async def next_probe(socket, limit=10):
    """The server's probe: a ping frame or the ping event."""
    opcode, payload = await socket.frame(limit)
    if opcode != PING:
        expect_equal(json.loads(payload), {"event": "pusher:ping", "data": {}}, "the probe")
    return opcode, payload


def answer(probe):
    opcode, payload = probe
    return frame(PONG, payload) if opcode == PING else frame(TEXT, b'{"event":"pusher:pong","data":{}}')


@scenario("connection_established carries the configured activity timeout")
async def timeout(server):
    async with await PusherSocket.establish(server) as socket:
        expect_equal(socket.activity_timeout, server.configuration["activity_timeout"], "the activity timeout")


@scenario("a silent connection is probed, and kept as long as it answers")
async def probes(server):
    async with await RawSocket.upgraded(server) as socket:
        for _ in range(3):
            await socket.send(answer(await next_probe(socket)))
        await socket.send(frame(TEXT, b'{"event":"pusher:ping","data":{}}'))
        while True:
            opcode, payload = await socket.frame()
            if opcode == TEXT and json.loads(payload)["event"] == "pusher:pong":
                break
            await socket.send(answer((opcode, payload)))


@scenario("a connection that does not answer the probe is closed with 4201")
async def no_pong(server):
    async with await RawSocket.upgraded(server) as socket:
        await next_probe(socket)
        started = time.monotonic()
        events = []
        while True:
            opcode, payload = await socket.frame()
            if opcode == CLOSE:
                break
            if opcode == TEXT:
                events.append(json.loads(payload))
        waited = time.monotonic() - started
        expect_equal(struct.unpack("!H", payload[:2])[0], 4201, "the close code")
        expect(1 <= waited <= 10, f"the close came after {waited} s")
        errors = [event["data"]["code"] for event in events if event["event"] == "pusher:error"]
        expect_equal(errors, [4201], f"the codes of the errors among {events}")


@scenario("whatever a client sends proves that it lives")
async def any_message(server):
    async with await RawSocket.upgraded(server) as socket:
        channel = unique("alive-")
        message = json.dumps({"event": "pusher:unsubscribe", "data": {"channel": channel}}).encode()
        reader = asyncio.create_task(socket.frame(limit=30))
        # Seven seconds without a pong, with an activity timeout of three.
        for _ in range(28):
            await socket.send(frame(TEXT, message))
            await asyncio.sleep(0.25)
            expect(not reader.done(), "the server probed or closed a connection that speaks")
        reader.cancel()


async def serve_probes(socket, messages):
    """Reads until the connection ends, as a client does that answers each probe; keeps everything else."""
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            message = json.loads(await socket.connection.recv())
            if message["event"] == "pusher:ping":
                await socket.send("pusher:pong", {})
            else:
                messages.append(message)


@scenario("a library that answers probes as its documentation says stays connected")
async def library(server):
    async with await PusherSocket.establish(server) as socket:
        messages = []
        reader = asyncio.create_task(serve_probes(socket, messages))
        await asyncio.sleep(8)
        await socket.send("pusher:ping", {})
        await eventually(lambda: messages, "an answer after eight silent seconds")
        expect_equal(messages, [{"event": "pusher:pong", "data": {}}], "the messages")
        reader.cancel()


@scenario("where an app requires it, a connection that neither signs in nor joins an authorized channel ends with 4009")
async def authorization(server):
    app = server.app("strict")
    idle, joined, signed, public = [await PusherSocket.establish(server, app) for _ in range(4)]
    await joined.subscribe(unique("private-"))
    await signed.sign_in({"id": "41"})
    await public.subscribe(unique("public-"))
    messages = {socket: [] for socket in (idle, joined, signed, public)}
    readers = [asyncio.create_task(serve_probes(socket, kept)) for socket, kept in messages.items()]
    for socket in (idle, public):
        async with asyncio.timeout(15):
            await socket.connection.wait_closed()
        expect_equal(socket.connection.close_code, 4009, "the close code")
        (error,) = messages[socket]
        expect_equal(error["data"]["code"], 4009, "the code of the error")
        expect("Connection not authorized within timeout" in error["data"]["message"], f"{error}")
    for socket in (joined, signed):
        await socket.send("pusher:ping", {})
        await eventually(lambda socket=socket: messages[socket], "an answer")
        expect_equal([message["event"] for message in messages[socket]], ["pusher:pong"], "the messages")
    for reader in readers:
        reader.cancel()
    for socket in (joined, signed):
        await socket.close()


if __name__ == "__main__":
    main()
