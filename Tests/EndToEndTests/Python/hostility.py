"""Hostile HTTP: limits, timeouts, smuggling, odd upgrades. The server runs with short timeouts."""

import asyncio
import json
import os
import random
import re

from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from raw_socket import RawSocket, frame, upgrade_request
from signing import signed_target

LIVE = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"


def publish_target(server, body):
    app = server.app()
    return signed_target(app, "POST", f"/apps/{app.id}/events", body)


async def expect_refused(socket, statuses=(400,)):
    """A refusal with one of the statuses, or a plain close; in both cases the connection ends."""
    data = await socket.expect_end()
    if data:
        status = int(data.split(b" ", 2)[1])
        expect(status in statuses, f"the answer is {data[:200]}")
        expect_equal(len(re.findall(rb"^HTTP/1", data, re.MULTILINE)), 1, f"the number of answers in {data[:900]}")


@scenario("a request with both Content-Length and Transfer-Encoding is refused and nothing behind it is read")
async def smuggling(server):
    smuggled = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
    heads = [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ]
    for head in heads:
        async with await RawSocket.open(server) as socket:
            await socket.send(b"POST /apps/1/events HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n0\r\n\r\n" + smuggled)
            try:
                await expect_refused(socket, (400, 401, 411, 413, 501))
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"{head}: {error or 'the connection stays open'}") from error


@scenario("header fields beyond the limit are refused")
async def large_headers(server):
    for head in (b"X-Large: " + b"x" * 200_000 + b"\r\n", b"X-Many: x\r\n" * 20_000):
        async with await RawSocket.open(server) as socket:
            await socket.send(b"GET /live HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
            await expect_refused(socket, (400, 413, 414, 431))
    async with await RawSocket.open(server) as socket:
        await socket.send(b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        await expect_refused(socket, (400, 413, 414, 431))


@scenario("a body beyond the limit is refused with 413, announced or chunked")
async def large_body(server):
    async with await RawSocket.open(server) as socket:
        await socket.send(b"POST /apps/1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        status, _, _ = await socket.response()
        expect_equal(status, 413, "the status")
        await socket.expect_end()
    async with await RawSocket.open(server) as socket:
        await socket.send(b"POST /apps/1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(200):
            await socket.send(chunk)
        await expect_refused(socket, (413,))


@scenario("a slow header, a slow body and a silent connection are cut off")
async def slow(server):
    body = json.dumps({"name": "a", "channel": "b", "data": "c"}).encode()
    target = publish_target(server, body)
    starts = {
        "silence": b"",
        "a header": b"GET /live HTTP/1.1\r\nHost: x\r\n",
        "a body": f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode(),
    }
    for what, start in starts.items():
        async with await RawSocket.open(server) as socket:
            await socket.send(start)
            # One byte at a time must not extend the time: dripping stops when the server has had enough.
            end = asyncio.create_task(socket.expect_end(limit=15))
            for _ in range(60):
                if end.done():
                    break
                await asyncio.sleep(0.2)
                if start:
                    await socket.send(b"x")
            expect(end.done(), f"{what} kept the connection for twelve seconds")
            data = await end
            expect(data == b"" or data.split(b" ", 2)[1] == b"408", f"{what} was answered with {data[:100]}")


@scenario("an upgrade may be the second request of a kept-alive connection")
async def second_request_upgrade(server):
    async with await RawSocket.open(server) as socket:
        for _ in range(3):
            await socket.send(LIVE)
            status, _, _ = await socket.response()
            expect_equal(status, 200, "the status")
        await socket.upgrade()


@scenario("connections are kept alive between signed requests")
async def keep_alive(server):
    body = json.dumps({"name": "a", "channel": "b", "data": "c"}).encode()
    async with await RawSocket.open(server) as socket:
        for _ in range(5):
            await socket.send(
                f"POST {publish_target(server, body)} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            status, fields, content = await socket.response()
            expect_equal((status, content), (200, b"{}"), "the answer")
            expect(fields.get("connection", "").lower() != "close", "the connection is closed")


@scenario("Connection: close and HTTP/1.0 end the connection after the answer")
async def no_keep_alive(server):
    for request in (b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET /live HTTP/1.0\r\n\r\n"):
        async with await RawSocket.open(server) as socket:
            await socket.send(request)
            status, _, _ = await socket.response()
            expect_equal(status, 200, "the status")
            await socket.expect_end()


@scenario("Expect: 100-continue is answered before the body")
async def expect_continue(server):
    body = json.dumps({"name": "a", "channel": "b", "data": "c"}).encode()
    async with await RawSocket.open(server) as socket:
        await socket.send(
            f"POST {publish_target(server, body)} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        status, _ = await socket.head()
        expect_equal(status, 100, "the interim status")
        await socket.send(body)
        status, _, content = await socket.response()
        expect_equal((status, content), (200, b"{}"), "the answer")


@scenario("pipelined requests are answered in their order")
async def pipelining(server):
    channel = unique("pipe-")
    body = json.dumps({"name": "a", "channel": channel, "data": "c"}).encode()
    post = (
        f"POST {publish_target(server, body)} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    async with await RawSocket.open(server) as socket:
        await socket.send(LIVE + post + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + post + LIVE)
        statuses = [(await socket.response())[0] for _ in range(5)]
        expect_equal(statuses, [200, 200, 404, 200, 200], "the statuses")


@scenario("an incomplete or wrong upgrade is refused without harm")
async def wrong_upgrades(server):
    wrong = [
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": None},
        {"Upgrade": "h2c"},
        {"Connection": "keep-alive"},
    ]
    for changes in wrong:
        async with await RawSocket.open(server) as socket:
            await socket.send(upgrade_request(**changes))
            status, fields, _ = await socket.response()
            expect(400 <= status < 500, f"{changes} was answered with {status}")
            if changes.get("Sec_WebSocket_Version") == "8":
                expect_equal(fields.get("sec-websocket-version"), "13", "the offered version")
    whole = upgrade_request()
    for cut in range(1, len(whole), 7):
        async with await RawSocket.open(server) as socket:
            await socket.send(whole[:cut])
    await lives(server)


@scenario("garbage is refused or cut off, and the server lives on")
async def garbage(server):
    generator = random.Random(20_260_101)
    samples = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(64), b"\x00" * 64, b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\nX: \x00\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"GET //..//../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    ]  # fmt: skip
    samples += [generator.randbytes(generator.randrange(1, 600)) for _ in range(100)]
    for sample in samples:
        async with await RawSocket.open(server) as socket:
            await socket.send(sample)
    await lives(server)


@scenario("frames of random bytes end their own connection only")
async def random_frames(server):
    generator = random.Random(20_260_102)
    watcher = await PusherSocket.establish(server)
    for _ in range(100):
        async with await RawSocket.upgraded(server) as socket:
            await socket.send(generator.randbytes(generator.randrange(1, 400)))
    for _ in range(100):
        message = bytearray(b'{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"demo-key:00"}}')
        for _ in range(generator.randrange(1, 8)):
            message[generator.randrange(len(message))] = generator.randrange(128)
        async with await RawSocket.upgraded(server) as socket:
            await socket.send(frame(1, bytes(message)))
    await watcher.fence()
    await watcher.close()
    await lives(server)


async def lives(server):
    async with await RawSocket.open(server) as socket:
        await socket.send(LIVE)
        status, _, _ = await socket.response()
        expect_equal(status, 200, "the status of /live")


@scenario("descriptors of refused connections are given back", alone=True)
async def no_leak(server):
    await eventually(lambda: server.descriptors() < 60, "the descriptors of closed connections are given back", 20)


if __name__ == "__main__":
    main()
