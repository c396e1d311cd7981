"""An endpoint that keeps what webhooks say, and when."""

import hashlib
import hmac
import json

from aiohttp import web
from cluster import free_port, now


class Hooks:
    """Receives webhooks; a body is read only if it is signed by one of the apps."""

    def __init__(self):
        self.port = free_port()
        self.events = []
        self.forged = 0
        self.bodies = []
        self.secrets = {}

    async def start(self, apps):
        self.secrets = {app.key: app.secret.encode() for app in apps}
        application = web.Application()
        application.router.add_post("/{tail:.*}", self._receive)
        self.runner = web.AppRunner(application, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def stop(self):
        await self.runner.cleanup()

    async def _receive(self, request):
        body = await request.read()
        secret = self.secrets.get(request.headers.get("X-Pusher-Key"), b"")
        if hmac.new(secret, body, hashlib.sha256).hexdigest() != request.headers.get("X-Pusher-Signature"):
            self.forged += 1
        decoded = json.loads(body)
        self.bodies.append((now(), body))
        for event in decoded["events"]:
            self.events.append((now(), decoded["time_ms"], event))
        return web.Response()

    def of(self, channel, *names):
        """What was told of a channel: (name, user or None) in the order of arrival."""
        return [
            (event["name"], event.get("user_id"))
            for _, _, event in self.events
            if event.get("channel") == channel and (not names or event["name"] in names)
        ]
