"""Two servers on one Redis, whose apps are in DynamoDB: what operators change reaches both.

The extra argument is JSON: the port of the second server, the program, and its environment.
"""

import asyncio
import copy
import json
import os
import time

from harness import expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import api

REACTION = 2.0


def second(server):
    """The second server, which has the same apps."""
    other = copy.copy(server)
    other.port = json.loads(server.extra)["port"]
    return other


async def apps(server, *arguments):
    """Runs `martlet apps`; returns what it printed."""
    extra = json.loads(server.extra)
    process = await asyncio.create_subprocess_exec(
        extra["martlet"],
        "apps",
        *arguments,
        "--config",
        _configuration(server),
        env={**os.environ, **extra["environment"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    expect_equal(process.returncode, 0, f"the status of {arguments}: {errors.decode()}")
    expect_equal(errors.decode(), "", f"the warnings of {arguments}")
    return output.decode()


def _configuration(server):
    """A file with the configuration in force."""
    path = f"{server.log_path}.apps.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(server.configuration, file)
    return path


async def expect_cut(socket, code, since):
    """The end of a connection with a code, told before and soon enough."""
    message = await socket.next()
    expect_equal(message["event"], "pusher:error", f"the event of {message}")
    expect_equal(message["data"]["code"], code, f"the code of {message}")
    await socket.expect_close(code)
    elapsed = time.monotonic() - since
    expect(elapsed < REACTION, f"{elapsed:.2f} s until {code}")


@scenario("a disabled app's sockets on both servers are closed with 4003, and come back when it is enabled", alone=True)
async def disable(server):
    app = server.app("plain")
    sockets = [await PusherSocket.establish(one, app) for one in (server, second(server)) for _ in range(3)]
    bystander = await PusherSocket.establish(second(server))
    since = time.monotonic()
    await apps(server, "disable", app.id)
    for socket in sockets:
        await expect_cut(socket, 4003, since)
    await bystander.fence()
    refused = await PusherSocket.open(second(server), app)
    await refused.expect_error(4003)
    expect_equal((await api(second(server), "GET", "/channels", app=app)).status, 403, "the status of the API")
    await apps(server, "update", app.id, "--enable-app")
    await asyncio.sleep(REACTION)
    for one in (server, second(server)):
        await PusherSocket.establish(one, app)


@scenario("a lowered quota holds for new connections, counted over both servers", alone=True)
async def lower(server):
    app = server.app("counting")
    sockets = [await PusherSocket.establish(one, app) for one in (server, second(server))]
    await apps(server, "update", app.id, "--max-connections", "3")
    await asyncio.sleep(REACTION)
    third = await PusherSocket.establish(second(server), app)
    refused = await PusherSocket.open(server, app)
    await refused.expect_error(4004)
    for socket in [*sockets, third]:
        await socket.fence()
    await sockets[1].close()
    await asyncio.sleep(0.5)
    await PusherSocket.establish(server, app)


@scenario("a rotated secret is valid at both servers at once, and the old one until it is dropped", alone=True)
async def rotate(server):
    app = server.app("busy")
    changed = copy.copy(app)
    changed.secret = json.loads(await apps(server, "rotate-secret", app.id, "--json"))["secret"]
    await asyncio.sleep(REACTION)
    for one in (server, second(server)):
        for credentials in (app, changed):
            expect_equal((await api(one, "GET", "/channels", app=credentials)).status, 200, "two valid secrets")
    await apps(server, "rotate-secret", app.id, "--drop-previous")
    await asyncio.sleep(REACTION)
    for one in (server, second(server)):
        expect_equal((await api(one, "GET", "/channels", app=app)).status, 401, "the old secret")
        expect_equal((await api(one, "GET", "/channels", app=changed)).status, 200, "the new secret")


@scenario("a new app works at both servers, and its sockets are closed with 4001 when it is deleted", alone=True)
async def delete(server):
    values = json.loads(await apps(server, "create", "--id", unique("app"), "--json"))
    app = copy.copy(server.app())
    app.id, app.key, app.secret = values["id"], values["key"], values["secret"]
    sockets = [await PusherSocket.establish(one, app) for one in (server, second(server))]
    since = time.monotonic()
    await apps(server, "delete", app.id)
    for socket in sockets:
        await expect_cut(socket, 4001, since)


if __name__ == "__main__":
    main(limit=60)
