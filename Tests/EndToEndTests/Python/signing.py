"""Signatures made by hand, and the HTTP API without a library."""

import asyncio
import hashlib
import hmac
import http.client
import json
import time
from urllib.parse import quote


def sign(secret, text):
    """The lower-case hexadecimal HMAC-SHA256 of a text."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def channel_auth(app, socket_id, channel, channel_data=None):
    """The auth string of a subscription."""
    text = f"{socket_id}:{channel}" + (f":{channel_data}" if channel_data is not None else "")
    return f"{app.key}:{sign(app.secret, text)}"


def user_auth(app, socket_id, user_data):
    """The auth string of a sign-in."""
    return f"{app.key}:{sign(app.secret, f'{socket_id}::user::{user_data}')}"


class Answer:
    """An HTTP answer: status, header fields with lower-case names, body as text."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def signed_target(app, method, path, body=b"", query=None, *, timestamp=None, with_md5=None, changes=None):
    """The request target with the authentication parameters; `changes` are made after signing."""
    parameters = dict(query or {})
    parameters["auth_key"] = app.key
    parameters["auth_timestamp"] = str(int(time.time()) if timestamp is None else timestamp)
    parameters["auth_version"] = "1.0"
    if body if with_md5 is None else with_md5:
        parameters["body_md5"] = hashlib.md5(body).hexdigest()
    pairs = sorted((name.lower(), value) for name, value in parameters.items())
    text = "\n".join([method, path, "&".join(f"{name}={value}" for name, value in pairs)])
    parameters["auth_signature"] = sign(app.secret, text)
    for name, value in (changes or {}).items():
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = value
    return path + "?" + "&".join(f"{name}={quote(value, safe=',')}" for name, value in parameters.items())


def plain_request(server, method, target, body=b"", headers=None, *, port=None, timeout=15):
    """Sends one request on a connection of its own."""
    connection = http.client.HTTPConnection(server.host, port or server.port, timeout=timeout)
    try:
        connection.request(method, target, body or None, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read().decode())
    finally:
        connection.close()


async def request(server, method, target, body=b"", headers=None, **options):
    """Sends one request without blocking the other scenarios."""
    return await asyncio.to_thread(plain_request, server, method, target, body, headers, **options)


async def api(server, method, path, body=None, query=None, *, app=None, headers=None, **options):
    """Sends a signed request to the HTTP API; `path` follows the app's id, `body` is JSON or bytes."""
    app = app or server.app()
    if body is None:
        raw = b""
    else:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json"} if raw else {}
    fields.update(headers or {})
    target = signed_target(app, method, f"/apps/{app.id}{path}", raw, query, **options)
    return await request(server, method, target, raw, fields)


async def publish(server, channel, name, data, *, app=None, **extra):
    """Publishes one event and insists on success."""
    channels = channel if isinstance(channel, list) else [channel]
    answer = await api(server, "POST", "/events", {"name": name, "channels": channels, "data": data, **extra}, app=app)
    if answer.status != 200:
        raise AssertionError(f"publish answered {answer}")
    return answer.json()
