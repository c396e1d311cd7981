"""What stands between servers and the receiver of webhooks in a soak: emulator, faults, recorder, cutter."""

import asyncio
import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request

import aiohttp
from aiohttp import web

SERVICES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Support", "Services")
sys.path.insert(0, SERVICES)

import emulated_aws  # noqa: E402
from orphan import die_with_parent  # noqa: E402

REGION = "us-east-1"


class Program:
    """A process with a log of its own that never outlives this one."""

    def __init__(self, folder, name, command, environment):
        self.folder, self.name, self.command, self.environment = folder, name, command, environment
        self.process = None

    async def start(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with open(os.path.join(self.folder, f"{self.name}.log"), "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                env=kept | self.environment,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    async def kill(self):
        self.process.kill()
        await self.process.wait()

    async def stop(self, limit=30):
        """Asks for the end and returns the exit status; None if it had to be killed."""
        self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), limit)
        except TimeoutError:
            await self.kill()
            return None


class Emulator(Program):
    """ministack with verified signatures, which keeps its state over a restart."""

    def __init__(self, folder, port):
        self.base = f"http://127.0.0.1:{port}/"
        program = os.path.join(os.path.dirname(sys.executable), "ministack")
        super().__init__(
            folder,
            "emulator",
            [program],
            {
                "AUTH": "true",
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "MINISTACK_ACCOUNT_ID": "123456789012",
                "PERSIST_STATE": "1",
                "STATE_DIR": os.path.join(folder, "state"),
            },
        )
        self.key = self.secret = None

    async def start(self):
        await super().start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                await asyncio.to_thread(self._health)
                break
            except (urllib.error.URLError, OSError):
                await asyncio.sleep(0.1)
        else:
            raise AssertionError("the emulator does not answer")
        if self.key is None:
            self.key, self.secret = await asyncio.to_thread(emulated_aws.make_user, self.base, "soak", ["sqs:*"])

    def _health(self):
        urllib.request.urlopen(self.base + "_ministack/health", timeout=2).close()

    async def restart(self):
        """Ends the emulator, which writes its state, and starts it again."""
        status = await self.stop()
        if status is None:
            raise AssertionError("the emulator had to be killed and has lost its state")
        await self.start()


class Faults(Program):
    """microburst: answers in AWS's form that were never given, and connections that end before the answer."""

    def __init__(self, folder, port, upstream, emulator):
        self.base = f"http://127.0.0.1:{port}"
        program = os.path.join(os.path.dirname(sys.executable), "microburst")
        super().__init__(
            folder,
            "faults",
            [program, "--upstream", upstream, "--host", "127.0.0.1", "--port", str(port), "--resign"],
            {
                "AWS_ACCESS_KEY_ID": emulator.key,
                "AWS_SECRET_ACCESS_KEY": emulator.secret,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_REGION": REGION,
            },
        )

    async def start(self):
        await super().start()
        for _ in range(300):
            try:
                await self.count()
                await self.warm_up()
                return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
        raise AssertionError("microburst does not answer")

    async def warm_up(self):
        """Has the proxy read its description of SQS, which takes seconds, before anybody counts them."""
        scope = f"{self.environment['AWS_ACCESS_KEY_ID']}/20260101/{REGION}/sqs/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS.ListQueues",
        }
        async with aiohttp.ClientSession() as session, session.post(self.base, data=b"{}", headers=headers) as answer:
            # What the emulator says to it does not matter.
            if answer.status >= 500:
                raise AssertionError(f"the way to SQS answers {answer.status}: {await answer.text()}")

    async def rules(self, rules):
        async with (
            aiohttp.ClientSession() as session,
            session.patch(f"{self.base}/_microburst/rules", data=json.dumps(rules)) as answer,
        ):
            text = await answer.text()
            if answer.status >= 300:
                raise AssertionError(f"microburst refuses the rules: {text}")

    async def count(self):
        """The faults so far, by what was done."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.base}/_microburst/metrics") as answer:
            lines = (await answer.text()).splitlines()
        counts = {}
        for line in lines:
            if line.startswith("microburst_faults_total{"):
                action = line.partition('action="')[2].partition('"')[0]
                counts[action] = counts.get(action, 0) + int(line.split()[-1])
        return counts


class Recorder:
    """Passes requests on to the emulator and writes down what its queue accepted.

    An entry of SendMessageBatch counts as accepted when the emulator's answer says so, whether or not that answer
    reaches anybody.
    """

    def __init__(self, upstream):
        self.upstream = upstream
        self.accepted = {}
        self.jobs = self.requests = 0
        self.by_operation = {}

    async def start(self, port):
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        application = web.Application(client_max_size=16 << 20)
        application.router.add_route("*", "/{tail:.*}", self.forward)
        self.runner = web.AppRunner(application, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", port).start()

    async def forward(self, request):
        body = await request.read()
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.requests += 1
        self.by_operation[operation] = self.by_operation.get(operation, 0) + 1
        try:
            async with self.session.request(
                request.method,
                self.upstream + request.raw_path,
                headers=request.headers,
                data=body,
                skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding"],
            ) as answer:
                content = await answer.read()
                status, headers = answer.status, answer.headers
        except (aiohttp.ClientError, OSError):
            return web.Response(status=503)
        if operation == "SendMessageBatch" and status == 200:
            self.note(json.loads(body), json.loads(content))
        kept = {
            name: value
            for name, value in headers.items()
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding")
        }
        return web.Response(status=status, headers=kept, body=content)

    def note(self, request, answer):
        now = time.monotonic()
        taken = {entry["Id"] for entry in answer.get("Successful", [])}
        for entry in request["Entries"]:
            if entry["Id"] not in taken:
                continue
            self.jobs += 1
            text = entry["MessageBody"]
            if entry.get("MessageAttributes", {}).get("martlet.encoding"):
                text = base64.b64decode(text).decode()
            for event in json.loads(text.partition("\n")[2])["events"]:
                identity = (event["channel"], int(event["event"].removeprefix("client-")))
                self.accepted.setdefault(identity, now)


class Cutter:
    """Carries bytes to the next hop and back, and cuts all connections when it is told."""

    def __init__(self, port):
        self.port = port
        self.writers = set()
        self.cuts = 0

    async def start(self, port):
        self.server = await asyncio.start_server(self.carry, "127.0.0.1", port)

    async def carry(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self.writers |= pair
        await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        self.writers -= pair

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def cut(self):
        self.cuts += len(self.writers) // 2
        for writer in self.writers:
            writer.transport.abort()
