"""A TCP connection that says exactly what it is told: bytes of HTTP and WebSocket frames."""

import asyncio
import base64
import json
import os
import struct

from harness import expect, expect_equal

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload=b"", *, final=True, masked=True, reserved=0, length=None):
    """One WebSocket frame; `length` replaces the announced length."""
    announced = len(payload) if length is None else length
    first = (0x80 if final else 0) | (reserved << 4) | opcode
    flag = 0x80 if masked else 0
    if announced < 126:
        header = struct.pack("!BB", first, flag | announced)
    elif announced < 65_536:
        header = struct.pack("!BBH", first, flag | 126, announced)
    else:
        header = struct.pack("!BBQ", first, flag | 127, announced)
    if not masked:
        return header + payload
    mask = os.urandom(4)
    return header + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def upgrade_request(path="/app/demo-key?protocol=7&client=raw&version=1.0", **changes):
    """The bytes of an upgrade request; a field set to None is left out, underscores stand for hyphens."""
    fields = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    for name, value in changes.items():
        fields[name.replace("_", "-")] = value
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


class RawSocket:
    """A connection without a library on top."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, server, *, port=None, path=None):
        if path:
            return cls(*await asyncio.open_unix_connection(path))
        return cls(*await asyncio.open_connection(server.host, port or server.port))

    @classmethod
    async def upgraded(cls, server, **options):
        """A connection after the handshake, with `connection_established` read."""
        socket = await cls.open(server, **options)
        await socket.upgrade()
        return socket

    async def upgrade(self, **changes):
        await self.send(upgrade_request(**changes))
        status, _, _ = await self.response(body=False)
        expect_equal(status, 101, "the status of the upgrade")
        opcode, payload = await self.frame()
        expect_equal(opcode, TEXT, "the opcode of the first frame")
        expect_equal(json.loads(payload)["event"], "pusher:connection_established", "the first event")

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()

    def close(self):
        self.writer.transport.abort()

    async def send(self, data):
        """Sends bytes; a server that has already closed is no error here."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            pass

    async def frame(self, limit=15):
        """The next frame: its opcode and payload."""
        async with asyncio.timeout(limit):
            first, second = await self.reader.readexactly(2)
            expect(first & 0x80, "the server never fragments here")
            expect_equal(first & 0x70, 0, "the reserved bits")
            expect_equal(second & 0x80, 0, "the mask bit of a server's frame")
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)

    async def expect_close_frame(self, code):
        """Reads frames up to a close frame with the code, then answers it and expects the end."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                break
            expect_equal(json.loads(payload)["event"], "pusher:error", f"{payload} before the close")
        expect_equal(struct.unpack("!H", payload[:2])[0] if payload else None, code, "the close code")
        await self.send(frame(CLOSE, payload[:2]))
        await self.expect_end()

    async def expect_end(self, limit=15):
        """Waits until the server has closed; what it still sends is returned."""
        rest = b""
        async with asyncio.timeout(limit):
            while True:
                try:
                    data = await self.reader.read(65_536)
                except ConnectionError:
                    return rest
                if not data:
                    return rest
                rest += data

    async def head(self, limit=15):
        """The status and header fields of the next response, with lower-case names."""
        async with asyncio.timeout(limit):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.split(":", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in fields.items()}

    async def response(self, *, body=True, limit=15):
        """The next response: status, header fields, body."""
        status, fields = await self.head(limit)
        content = b""
        async with asyncio.timeout(limit):
            if body and "content-length" in fields:
                content = await self.reader.readexactly(int(fields["content-length"]))
            elif body and fields.get("transfer-encoding") == "chunked":
                while size := int(await self.reader.readline(), 16):
                    content += await self.reader.readexactly(size)
                    await self.reader.readline()
                await self.reader.readline()
        return status, fields, content
