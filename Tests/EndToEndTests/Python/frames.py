"""WebSocket framing as RFC 6455 has it, with frames made by hand."""

import asyncio
import json
import struct

from harness import expect, expect_equal, main, scenario
from raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, frame, upgrade_request

PING_EVENT = b'{"event":"pusher:ping","data":{}}'
PONG_EVENT = {"event": "pusher:pong", "data": {}}


async def expect_pong_event(socket):
    opcode, payload = await socket.frame()
    expect_equal((opcode, json.loads(payload)), (TEXT, PONG_EVENT), "the answer")


@scenario("a message in fragments, with control frames between them, is one message")
async def fragments(server):
    async with await RawSocket.upgraded(server) as socket:
        await socket.send(frame(TEXT, PING_EVENT[:5], final=False) + frame(PING, b"between"))
        await socket.send(frame(CONTINUATION, b"", final=False) + frame(CONTINUATION, PING_EVENT[5:]))
        expect_equal(await socket.frame(), (PONG, b"between"), "the pong")
        await expect_pong_event(socket)


@scenario("frames that arrive byte by byte, or many in one packet, are all understood")
async def drip(server):
    async with await RawSocket.upgraded(server) as socket:
        for byte in frame(TEXT, PING_EVENT):
            await socket.send(bytes([byte]))
        await expect_pong_event(socket)
        await socket.send(b"".join(frame(TEXT, PING_EVENT) for _ in range(100)))
        for _ in range(100):
            await expect_pong_event(socket)


@scenario("an upgrade and the first frames may arrive in one packet")
async def eager(server):
    async with await RawSocket.open(server) as socket:
        await socket.send(upgrade_request() + frame(TEXT, PING_EVENT) + frame(PING, b"x"))
        status, _, _ = await socket.response(body=False)
        expect_equal(status, 101, "the status")
        _, payload = await socket.frame()
        expect_equal(json.loads(payload)["event"], "pusher:connection_established", "the first event")
        await expect_pong_event(socket)
        expect_equal(await socket.frame(), (PONG, b"x"), "the pong")


@scenario("UTF-8 may be split between fragments, and is checked across them")
async def split_utf8(server):
    text = '{"event":"pusher:ping","data":"🐦"}'.encode()
    cut = text.index(b"\xf0") + 2
    async with await RawSocket.upgraded(server) as socket:
        await socket.send(frame(TEXT, text[:cut], final=False) + frame(CONTINUATION, text[cut:]))
        await expect_pong_event(socket)
        await socket.send(frame(TEXT, text[:cut], final=False) + frame(CONTINUATION, b"abc"))
        await socket.expect_close_frame(1007)


@scenario("invalid UTF-8 closes with 1007")
async def invalid_utf8(server):
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"abc\xe2\x82"):
        async with await RawSocket.upgraded(server) as socket:
            await socket.send(frame(TEXT, bad))
            await socket.expect_close_frame(1007)


@scenario("a binary message closes with 1003")
async def binary(server):
    async with await RawSocket.upgraded(server) as socket:
        await socket.send(frame(BINARY, b"\x00\x01"))
        await socket.expect_close_frame(1003)


@scenario("a message beyond the limit closes with 1009, announced or in fragments")
async def oversized(server):
    async with await RawSocket.upgraded(server) as socket:
        await socket.send(frame(TEXT, b"x" * 100, length=100 * 1024 * 1024))
        await socket.expect_close_frame(1009)
    async with await RawSocket.upgraded(server) as socket:
        part = b"x" * 8192
        await socket.send(frame(TEXT, part, final=False) + frame(CONTINUATION, part, final=False) * 20)
        await socket.expect_close_frame(1009)


@scenario("violations of the framing close with 1002")
async def violations(server):
    cases = {
        "an unmasked frame": frame(TEXT, PING_EVENT, masked=False),
        "a reserved bit": frame(TEXT, PING_EVENT, reserved=4),
        "a reserved opcode": frame(3, b""),
        "a reserved control opcode": frame(11, b""),
        "a fragmented ping": frame(PING, b"", final=False),
        "a long ping": frame(PING, b"x" * 126),
        "a continuation of nothing": frame(CONTINUATION, b"x"),
        "a new message inside another": frame(TEXT, b"{", final=False) + frame(TEXT, b"}"),
        "a close with one byte": frame(CLOSE, b"\x03"),
        "a close with a reserved code": frame(CLOSE, struct.pack("!H", 1005)),
        "a close with an unassigned code": frame(CLOSE, struct.pack("!H", 999)),
    }

    async def one(what, data):
        async with await RawSocket.upgraded(server) as socket:
            await socket.send(data)
            try:
                await socket.expect_close_frame(1002)
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"{what}: {error or 'the connection stays open'}") from error

    await asyncio.gather(*(one(what, data) for what, data in cases.items()))


@scenario("a close is echoed and the connection ended; one without a code is answered")
async def close_handshake(server):
    for payload in (b"", struct.pack("!H", 1000), struct.pack("!H", 3000) + "tschüss".encode()):
        async with await RawSocket.upgraded(server) as socket:
            await socket.send(frame(CLOSE, payload))
            opcode, answer = await socket.frame()
            expect_equal(opcode, CLOSE, "the opcode")
            expect(answer[:2] in (payload[:2], struct.pack("!H", 1000)), f"the answer to {payload} is {answer}")
            await socket.expect_end()


@scenario("nothing is read after a close frame")
async def after_close(server):
    async with await RawSocket.upgraded(server) as socket:
        await socket.send(frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, PING_EVENT))
        opcode, _ = await socket.frame()
        expect_equal(opcode, CLOSE, "the opcode")
        expect_equal(await socket.expect_end(), b"", "what follows the close")


@scenario("the smallest and the largest control payloads come back")
async def control_payloads(server):
    async with await RawSocket.upgraded(server) as socket:
        for payload in (b"", b"x", b"y" * 125):
            await socket.send(frame(PING, payload))
            expect_equal(await socket.frame(), (PONG, payload), "the pong")
        await socket.send(frame(PONG, b"unasked"))
        await socket.send(frame(TEXT, PING_EVENT))
        await expect_pong_event(socket)


if __name__ == "__main__":
    main()
