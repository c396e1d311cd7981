"""Other ways in: TLS with a reload, the redirect, a Unix socket, PROXY protocol, a path prefix."""

import asyncio
import os
import shutil
import signal
import socket as sockets
import ssl
import stat
import struct

from harness import eventually, expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from raw_socket import RawSocket, upgrade_request
from signing import api, request, signed_target


def trusting(path):
    """A TLS context that trusts one certificate."""
    context = ssl.create_default_context(cafile=path)
    context.check_hostname = False
    return context


def serial(server, context):
    """The serial number of the certificate that the server shows."""
    with sockets.create_connection((server.host, server.port), 10) as plain, context.wrap_socket(plain) as secure:
        return secure.getpeercert()["serialNumber"]


@scenario("TLS: SIGHUP loads a new certificate, connections go on, a broken file is not taken", alone=True)
async def tls_reload(server):
    section = server.configuration["ssl"]
    folder = os.path.dirname(section["cert_path"])
    old, new = trusting(f"{folder}/one.pem"), trusting(f"{folder}/two.pem")
    channel = unique("tls-")
    async with await PusherSocket.establish(server, ssl=old) as socket:
        await socket.subscribe(channel)
        first = await asyncio.to_thread(serial, server, old)
        shutil.copy(f"{folder}/two.pem", section["cert_path"])
        shutil.copy(f"{folder}/two.key", section["key_path"])
        server.signal(signal.SIGHUP)

        async def reloaded():
            try:
                return await asyncio.to_thread(serial, server, new) != first
            except ssl.SSLError:
                return False

        await eventually(reloaded, "the new certificate is shown")
        await socket.fence()
        async with await PusherSocket.establish(server, ssl=new) as other:
            await other.subscribe(channel)
        with open(section["cert_path"], "w", encoding="utf-8") as file:
            file.write("no certificate")
        server.signal(signal.SIGHUP)
        await asyncio.sleep(0.5)
        expect(await reloaded(), "the last good certificate is shown")
        await socket.fence()


@scenario("TLS: old protocol versions and plain text are refused without harm", alone=True)
async def tls_hostility(server):
    folder = os.path.dirname(server.configuration["ssl"]["cert_path"])
    async with await RawSocket.open(server) as socket:
        await socket.send(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        data = await socket.expect_end()
        expect(b"200 OK" not in data, f"plain text was answered with {data[:80]}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        await asyncio.to_thread(serial, server, context)
    except (ssl.SSLError, OSError):
        pass
    else:
        raise AssertionError("TLS 1.1 was accepted")
    async with await PusherSocket.establish(server, ssl=trusting(f"{folder}/two.pem")) as socket:
        await socket.fence()


@scenario("TLS: the plain listener answers 308 to the same address with https", alone=True)
async def redirect(server):
    section = server.configuration["ssl"]
    headers = {"Host": f"app.test:{section['http_port']}"}
    answer = await request(server, "GET", "/apps/1/channels?a=b", headers=headers, port=section["http_port"])
    expect_equal(answer.status, 308, "the status")
    port = "" if server.port == 443 else f":{server.port}"
    expect_equal(answer.headers["location"], f"https://app.test{port}/apps/1/channels?a=b", "the location")


@scenario("Unix: the socket has its mode, replaces a stale file, serves, and is gone at the end", alone=True)
async def unix(server):
    section = server.configuration["unix_socket"]
    path = section["path"]
    expect_equal(stat.S_IMODE(os.stat(path).st_mode), int(section["permission_mode"], 8), "the mode")
    async with await RawSocket.open(server, path=path) as socket:
        await socket.send(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        expect_equal((await socket.response())[0], 200, "the status")
        await socket.upgrade()
    server.signal(signal.SIGTERM)
    await eventually(lambda: not server.is_running(), "the server ends", 15)
    expect(not os.path.exists(path), "the socket's file is still there")


def proxy_header(source="203.0.113.7", command=0x21):
    """A PROXY protocol v2 header for TCP over IPv4."""
    addresses = sockets.inet_aton(source) + sockets.inet_aton("127.0.0.1") + struct.pack("!HH", 40_000, 6001)
    return b"\r\n\r\n\x00\r\nQUIT\n" + bytes([command, 0x11]) + struct.pack("!H", len(addresses)) + addresses


@scenario("PROXY: a connection starts with the header, whole or in pieces, and is closed without it", alone=True)
async def proxy_protocol(server):
    async with await RawSocket.open(server) as socket:
        await socket.send(proxy_header())
        await socket.upgrade()
    async with await RawSocket.open(server) as socket:
        for byte in proxy_header():
            await socket.send(bytes([byte]))
        await socket.send(upgrade_request())
        expect_equal((await socket.response(body=False))[0], 101, "the status")
    local = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
    async with await RawSocket.open(server) as socket:
        await socket.send(local + b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        expect_equal((await socket.response())[0], 200, "the status of a load balancer's own check")
    wrong = [
        b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\r\n\x00\r\nQUIX\n" + b"\x00" * 20,
        proxy_header()[:12] + b"\x11",
    ]
    for data in wrong:
        async with await RawSocket.open(server) as socket:
            await socket.send(data + b"\x00" * 32)
            expect_equal(await socket.expect_end(), b"", f"the answer to {data[:16]}")


@scenario("PROXY: the rate limit counts the address of the header", alone=True)
async def proxy_addresses(server):
    limit = server.configuration["rate_limiter"]["websocket_rate_limit"]["max_requests"]

    async def verdict(address):
        async with await RawSocket.open(server) as socket:
            await socket.send(proxy_header(address) + upgrade_request())
            status, fields, _ = await socket.response(body=False)
            if status == 429:
                expect("retry-after" in fields, f"{fields}")
                return "refused"
            _, payload = await socket.frame()
            return "served" if b"connection_established" in payload else "refused"

    verdicts = [await verdict("203.0.113.99") for _ in range(limit + 1)]
    expect_equal(verdicts, ["served"] * limit + ["refused"], "the verdicts on one address")
    expect_equal(await verdict("203.0.113.100"), "served", "the verdict on another address")


@scenario("Prefix: everything lives below the configured path, signatures included", alone=True)
async def path_prefix(server):
    prefix = server.configuration["path_prefix"]
    async with await PusherSocket.establish(server, path=f"{prefix}/app/demo-key") as socket:
        await socket.subscribe(unique("prefix-"))
    answer = await request(server, "GET", signed_target(server.app(), "GET", f"{prefix}/apps/1/channels"))
    expect_equal(answer.status, 200, f"the status of {answer}")
    expect_equal((await api(server, "GET", "/channels")).status, 404, "the status without the prefix")


if __name__ == "__main__":
    main(limit=60)
