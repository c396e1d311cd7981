"""The HTTP API with requests signed by hand: statuses, bodies, texts, every rule of authentication."""

import asyncio
import hashlib
import json
import time

from harness import expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import api, publish, request, sign, signed_target

JSON = {"Content-Type": "application/json"}


def check(answer, status, text=None, what=""):
    """Checks the status, and that an error is plain text which holds `text`."""
    expect_equal(answer.status, status, f"{what}: the status of {answer}")
    if text is not None:
        expect(text.lower() in answer.body.lower(), f"{what}: {text!r} is not in {answer}")
        expect_equal(answer.headers.get("content-type", "").split(";")[0], "text/plain", f"{what}: the content type")


@scenario("a publish answers exactly {} as JSON")
async def success(server):
    for body in (
        {"name": "a", "channel": "b", "data": "c"},
        {"name": "a", "channels": ["b", "d"], "data": "c"},
        {"name": "a", "channels": ["b"], "data": "c", "socket_id": "1.1", "unknown": {"x": []}},
        {"data": "c", "name": "App\\Events\\X", "channel": "b"},
    ):
        answer = await api(server, "POST", "/events", body)
        expect_equal((answer.status, answer.body), (200, "{}"), f"the answer to {body}")
        expect_equal(answer.headers["content-type"].split(";")[0], "application/json", "the content type")
    answer = await api(server, "POST", "/batch_events", {"batch": [{"name": "a", "channel": "b", "data": "c"}]})
    expect_equal((answer.status, answer.body), (200, "{}"), "the answer to a batch")


@scenario("info answers with the attributes that apply to each channel")
async def publish_info(server):
    app = server.app("counting")
    public, presence = unique("public-"), unique("presence-")
    async with await PusherSocket.establish(server, app) as socket:
        await socket.subscribe(public)
        await socket.expect("pusher_internal:subscription_count", public)
        await socket.subscribe(presence, user={"user_id": "41"})
        info = "user_count,subscription_count"
        body = {"name": "a", "channels": [public, presence], "data": "c", "info": info}
        answer = await api(server, "POST", "/events", body, app=app)
        channels = {public: {"subscription_count": 1}, presence: {"user_count": 1, "subscription_count": 1}}
        expect_equal(answer.json(), {"channels": channels}, "the info")
        batch = [
            {"name": "a", "channel": public, "data": "1", "info": "subscription_count"},
            {"name": "b", "channel": public, "data": "2"},
            {"name": "c", "channel": presence, "data": "3", "info": "user_count"},
        ]
        answer = await api(server, "POST", "/batch_events", {"batch": batch}, app=app)
        expect_equal(answer.json(), {"batch": [{"subscription_count": 1}, {}, {"user_count": 1}]}, "the info")
    # Without the app's option the count is left out on publish and refused on GET.
    answer = await api(
        server, "POST", "/events", {"name": "a", "channel": "b", "data": "c", "info": "subscription_count"}
    )
    expect(answer.json() in ({}, {"channels": {"b": {}}}), f"{answer}")
    answer = await api(server, "GET", "/channels/b", query={"info": "subscription_count"})
    expect_equal(answer.status, 400, f"the status of {answer}")


@scenario("every wrong publish is refused with its status and a plain text")
async def wrong_publishes(server):
    good = {"name": "a", "channel": "b", "data": "c"}

    def without(name):
        return {key: value for key, value in good.items() if key != name}

    cases = [
        (without("name"), 400, ""),
        (without("channel"), 400, ""),
        (without("data"), 400, ""),
        ({**good, "channel": ""}, 400, ""),
        ({**good, "channel": "a b"}, 400, ""),
        ({**good, "channel": "x" * 201}, 400, ""),
        ({**good, "channel": "#other"}, 400, ""),
        ({**good, "channel": 7}, 400, ""),
        ({**without("channel"), "channels": []}, 400, ""),
        ({**without("channel"), "channels": [f"c{n}" for n in range(101)]}, 400, ""),
        ({**without("channel"), "channels": ["a", 7]}, 400, ""),
        ({**good, "name": "x" * 201}, 400, ""),
        ({**good, "name": ""}, 400, ""),
        ({**good, "name": 7}, 400, ""),
        ({**good, "socket_id": "wrong"}, 400, ""),
        ({**good, "socket_id": "1.2:x"}, 400, ""),
        ({**good, "data": "x" * 10_241}, 413, "content of this event"),
        ([], 400, ""),
        (b"", 400, ""),
        (b"{", 400, ""),
        (b"null", 400, ""),
        (b'{"name":"a","channel":"b","data":"c"}x', 400, ""),
        (b'{"name":"a","channel":"b","data":"\xff"}', 400, ""),
        (b"[" * 100_000, 400, ""),
        (b'{"a":' * 50_000, 400, ""),
    ]
    for body, status, text in cases:
        answer = await api(server, "POST", "/events", body, with_md5=True)
        check(answer, status, text, repr(body)[:120])
    answer = await api(server, "POST", "/events", {**good, "data": "ü" * 5120})
    expect_equal(answer.status, 200, "the status of the largest data, counted in bytes")


@scenario("every wrong batch is refused")
async def wrong_batches(server):
    event = {"name": "a", "channel": "b", "data": "c"}
    cases = [
        ({"batch": [event] * 11}, 400, "Batch too large"),
        ({"batch": [{**event, "data": "x" * 10_241}]}, 413, "content of this event"),
        ({"batch": [event, {"name": "a"}]}, 400, ""),
        ({"batch": event}, 400, ""),
        ({"batch": [7]}, 400, ""),
        ({}, 400, ""),
    ]
    for body, status, text in cases:
        check(await api(server, "POST", "/batch_events", body), status, text, repr(body)[:120])


@scenario("data that is no string is relayed as its JSON")
async def data_kinds(server):
    channel = unique("kinds-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        for data in ({"a": [1, None]}, [1], 7, True):
            await publish(server, channel, "event", data)
            message = await socket.expect("event", channel)
            expect(isinstance(message["data"], str), f"the data of {message}")
            expect_equal(json.loads(message["data"]), data, "the data")


@scenario("a user's own channel may be published to")
async def user_channel(server):
    answer = await api(server, "POST", "/events", {"name": "a", "channel": "#server-to-user-41", "data": "c"})
    expect_equal((answer.status, answer.body), (200, "{}"), "the answer")


@scenario("the signature rules hold: each wrong parameter is a 401 that does not leak the right signature")
async def authentication(server):
    app = server.app()
    body = json.dumps({"name": "a", "channel": "b", "data": "c"}).encode()
    path = f"/apps/{app.id}/events"

    async def attempt(what, statuses, target, content=body):
        answer = await request(server, "POST", target, content, JSON)
        expect(answer.status in statuses, f"{what}: {answer}")
        return answer

    right = signed_target(app, "POST", path, body)
    await attempt("the right signature", {200}, right)
    now = int(time.time())
    await attempt("599 seconds old", {200}, signed_target(app, "POST", path, body, timestamp=now - 590))
    answer = await attempt("old", {401}, signed_target(app, "POST", path, body, timestamp=now - 700))
    expect("Timestamp expired" in answer.body, f"{answer}")
    await attempt("from the future", {401}, signed_target(app, "POST", path, body, timestamp=now + 700))
    for name in ("auth_key", "auth_timestamp", "auth_version", "auth_signature", "body_md5"):
        answer = await attempt(
            f"without {name}", {400, 401}, signed_target(app, "POST", path, body, changes={name: None})
        )
    wrong = {
        "auth_key": "other",
        "auth_timestamp": "now",
        "auth_version": "2.0",
        "auth_signature": "0" * 64,
        "body_md5": "0" * 32,
    }
    for name, value in wrong.items():
        target = signed_target(app, "POST", path, body, changes={name: value})
        answer = await attempt(f"{name}={value}", {400, 401}, target)
        expect(right.rpartition("auth_signature=")[2] not in answer.body, f"the right signature is in {answer}")
    await attempt("another body", {401}, right, body.replace(b"c", b"d"))
    await attempt("no query", {400, 401}, path)
    await attempt("another app's key", {401}, signed_target(server.app("plain"), "POST", path, body))
    check(await request(server, "GET", signed_target(app, "GET", "/apps/999/channels")), 404, "")
    check(await api(server, "GET", "/channels", app=server.app("disabled")), 403, "")


@scenario("the query's order, letter case, escapes and a body_md5 on GET do not matter")
async def query_forms(server):
    app = server.app()
    path = f"/apps/{app.id}/channels"

    async def get(query):
        answer = await request(server, "GET", f"{path}?{query}")
        expect_equal((answer.status, answer.body), (200, '{"channels":{}}'), f"the answer to {query}")

    common = f"auth_key={app.key}&auth_timestamp={int(time.time())}&auth_version=1.0"

    def signature(pairs):
        return sign(app.secret, f"GET\n{path}\n{pairs}")

    md5 = hashlib.md5(b"").hexdigest()
    prefix = unique("presence-")
    pairs = f"{common}&body_md5={md5}&filter_by_prefix={prefix}"
    await get(f"auth_signature={signature(pairs)}&{pairs}")
    pairs = f"{common}&filter_by_prefix={prefix}&info=user_count"
    await get(f"filter_by_prefix={prefix}&info=user_count&{common}&auth_signature={signature(pairs)}")
    await get(f"{pairs.replace('info=', 'Info=')}&auth_signature={signature(pairs)}")
    pairs = f"{common}&filter_by_prefix=presence-@,;={prefix}"
    await get(f"{common}&filter_by_prefix=presence-%40%2C%3B%3D{prefix}&auth_signature={signature(pairs)}")


@scenario("channel names in the path may be percent-encoded")
async def encoded_path(server):
    app = server.app()
    channel = unique("a@b,c;d=e-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        encoded = channel.replace("@", "%40").replace(",", "%2C").replace(";", "%3B").replace("=", "%3D")
        answer = await api(server, "GET", f"/channels/{channel}")
        expect_equal(answer.json()["occupied"], True, "occupied, with the raw path")
        answer = await api(server, "GET", f"/channels/{encoded}")
        expect_equal(answer.json()["occupied"], True, "occupied, signed as sent")
        decoded = signed_target(app, "GET", f"/apps/{app.id}/channels/{channel}")
        answer = await request(server, "GET", decoded.replace(channel, encoded))
        expect_equal(answer.json()["occupied"], True, "occupied, signed as decoded")


@scenario("GET channels lists what is occupied, filtered, with attributes")
async def channels(server):
    prefix = unique("presence-list-")
    first, second = prefix + "1", prefix + "2"
    answer = await api(server, "GET", "/channels", query={"filter_by_prefix": prefix})
    expect_equal((answer.status, answer.body), (200, '{"channels":{}}'), "nothing occupied")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(first, user={"user_id": "41"})
        await socket.subscribe(second, user={"user_id": "41"})
        answer = await api(server, "GET", "/channels", query={"filter_by_prefix": prefix})
        expect_equal(answer.json(), {"channels": {first: {}, second: {}}}, "the channels")
        answer = await api(server, "GET", "/channels", query={"filter_by_prefix": first, "info": "user_count"})
        expect_equal(answer.json(), {"channels": {first: {"user_count": 1}}}, "the channels")
        await socket.unsubscribe(first)
        answer = await api(server, "GET", "/channels", query={"filter_by_prefix": prefix})
        expect_equal(answer.json(), {"channels": {second: {}}}, "the channels")
    for query, text in (
        ({"info": "user_count"}, "user_count may only be requested for presence channels"),
        (
            {"info": "user_count", "filter_by_prefix": "private-"},
            "please supply filter_by_prefix beginning with presence-",
        ),
        ({"info": "wrong"}, "info should be a comma separated list of attributes"),
    ):
        check(await api(server, "GET", "/channels", query=query), 400, text, repr(query))


@scenario("GET channel and users answer for occupied, empty and wrong channels")
async def channel(server):
    app = server.app("counting")
    cached, presence = unique("cache-"), unique("presence-")
    answer = await api(server, "GET", f"/channels/{cached}")
    expect_equal((answer.status, answer.body), (200, '{"occupied":false}'), "an empty channel")
    async with await PusherSocket.establish(server, app) as socket:
        await socket.subscribe(cached)
        await socket.expect("pusher:cache_miss", cached)
        await socket.expect("pusher_internal:subscription_count", cached)
        query = {"info": "cache,subscription_count"}
        answer = await api(server, "GET", f"/channels/{cached}", query=query, app=app)
        expect_equal(answer.json(), {"occupied": True, "cache": None, "subscription_count": 1}, "without an event")
        await publish(server, cached, "price", '{"p":1}', app=app)
        await socket.expect("price", cached)
        answer = (await api(server, "GET", f"/channels/{cached}", query={"info": "cache"}, app=app)).json()
        expect_equal(answer["cache"]["data"], '{"p":1}', "the cached data")
        expect(0 < answer["cache"]["ttl"] <= 1800, f"the time to live in {answer}")
        await socket.subscribe(presence, user={"user_id": "41"})
        answer = await api(server, "GET", f"/channels/{presence}/users", app=app)
        expect_equal(answer.json(), {"users": [{"id": "41"}]}, "the users")
    answer = await api(server, "GET", f"/channels/{unique('presence-')}/users")
    expect_equal((answer.status, answer.body), (200, '{"users":[]}'), "the users of an empty channel")
    check(await api(server, "GET", "/channels/public/users"), 400, "")
    text = "Cannot retrieve the user count unless the channel is a presence channel"
    check(await api(server, "GET", "/channels/public", query={"info": "user_count"}), 400, text)
    check(
        await api(server, "GET", "/channels/public", query={"info": "wrong"}), 400, "comma separated list of attributes"
    )
    check(await api(server, "GET", "/channels/a%20b"), 400, "")


@scenario("the deprecated routes answer as they did")
async def deprecated(server):
    channel = unique("presence-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel, user={"user_id": "41"})
        answer = (await api(server, "GET", f"/channels/{channel}/stats")).json()
        expect_equal(answer["occupied"], True, "occupied")
        expect_equal(answer.get("user_count", 1), 1, "the user count")
        body = b'{"raw": "body"}'
        answer = await api(server, "POST", f"/channels/{channel}/events", body, {"name": "old"})
        expect_equal((answer.status, answer.body), (202, ""), "the answer")
        message = await socket.expect("old", channel)
        expect_equal(message["data"], body.decode(), "the data")
        answer = await api(
            server, "POST", f"/channels/{channel}/events", b"1", {"name": "old", "socket_id": socket.socket_id}
        )
        expect_equal(answer.status, 202, "the status")
        await socket.fence()


@scenario("unknown routes are 404, known ones with the wrong method 404 or 405")
async def routes(server):
    for method, path in (("GET", "/"), ("GET", "/nowhere"), ("GET", "/apps"), ("GET", "/apps/1"), ("POST", "/live")):
        answer = await request(server, method, path)
        expect(answer.status in (200, 401, 404, 405), f"{method} {path}: {answer}")
    check(await request(server, "GET", "/nowhere"), 404, "")
    for method, path in (("GET", "/events"), ("POST", "/channels"), ("DELETE", "/channels"), ("GET", "/more/x")):
        answer = await api(server, method, path)
        expect(answer.status in (404, 405), f"{method} {path}: {answer}")


@scenario("an idempotency key publishes once and repeats the first answer")
async def idempotency(server):
    channel = unique("once-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        for send in (
            lambda key: api(
                server, "POST", "/events", {"name": "n", "channel": channel, "data": "1", "idempotency_key": key}
            ),
            lambda key: api(
                server,
                "POST",
                "/events",
                {"name": "n", "channel": channel, "data": "1"},
                headers={"X-Idempotency-Key": key},
            ),
        ):
            key = unique("key-")
            answers = [await send(key) for _ in range(3)]
            answers += await asyncio.gather(*(send(key) for _ in range(5)))
            expect_equal({(a.status, a.body) for a in answers}, {(200, "{}")}, "the answers")
            await socket.expect("n", channel)
            await socket.fence()
            answers = await asyncio.gather(*(send(key + "-together") for _ in range(5)))
            expect_equal({(a.status, a.body) for a in answers}, {(200, "{}")}, "the answers to five at once")
            await socket.expect("n", channel)
            await socket.fence()
    body = {"name": "n", "channel": channel, "data": "1", "idempotency_key": "x" * 129}
    check(await api(server, "POST", "/events", body), 400, "")


@scenario("parameters of a publish may come in the query")
async def query_publish(server):
    channel = unique("query-")
    async with await PusherSocket.establish(server) as socket:
        await socket.subscribe(channel)
        query = {"name": "n", "channel": channel, "data": "hello"}
        answer = await api(server, "POST", "/events", None, query)
        expect_equal(answer.status, 200, f"the status of {answer}")
        expect_equal((await socket.expect("n", channel))["data"], "hello", "the data")


if __name__ == "__main__":
    main()
