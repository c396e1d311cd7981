"""Scenarios: registering, running and reporting them; the server under test."""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
import traceback

_scenarios = []


def scenario(sentence, *, alone=False):
    """Registers an asynchronous function as the scenario that proves the sentence.

    Scenarios of a script run side by side, except those that want the server alone: they run after the others, in
    their order.
    """

    def register(function):
        _scenarios.append((sentence, function, alone))
        return function

    return register


class App:
    """One app of the configuration."""

    def __init__(self, values):
        self.id = values["id"]
        self.key = values["key"]
        self.secret = values["secret"]


class Server:
    """The server under test, as its configuration file describes it."""

    def __init__(self, arguments):
        with open(arguments.config, encoding="utf-8") as file:
            self.configuration = json.load(file)
        self.host = "127.0.0.1"
        self.port = self.configuration["port"]
        self.metrics_port = self.configuration["metrics"]["port"]
        self.pid = arguments.pid
        self.log_path = arguments.log
        self.extra = arguments.extra
        self.apps = {app["key"].split("-")[0]: App(app) for app in self.configuration["app_manager"]["array"]["apps"]}

    def app(self, name="demo"):
        return self.apps[name]

    def signal(self, number=signal.SIGTERM):
        os.kill(self.pid, number)

    def is_running(self):
        """Whether the process exists and is no zombie (the test that started it reaps it)."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="utf-8") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()


def expect(condition, message):
    """Fails the scenario with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def expect_equal(actual, expected, what="value"):
    """Fails the scenario unless both are equal."""
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, not {expected!r}")


def unique(prefix):
    """A name that no other scenario uses."""
    return f"{prefix}{secrets.token_hex(5)}"


async def eventually(condition, what, limit=10.0):
    """Waits until the condition, a function, holds, and returns what it returned."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"within {limit} s: {what}")
        await asyncio.sleep(0.02)


def _describe(error):
    if isinstance(error, (AssertionError, TimeoutError)):
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{os.path.basename(f.filename)}:{f.lineno}" for f in frames if "EndToEndTests" in f.filename]
        return f"{str(error) or type(error).__name__} ({' < '.join(reversed(places[-4:]))})"
    return "".join(traceback.format_exception(error))[-2500:]


async def _run_one(sentence, function, server, limit):
    detail = None
    started = time.monotonic()
    try:
        async with asyncio.timeout(limit):
            await function(server)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        detail = _describe(error)
    line = {"scenario": sentence, "ok": detail is None, "seconds": round(time.monotonic() - started, 2)}
    if detail is not None:
        line["detail"] = detail
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return detail is None


async def run_all(server, only=None, limit=40):
    """Runs the registered scenarios against the server, or whatever they take for one."""
    chosen = [entry for entry in _scenarios if only is None or only in entry[0]]
    together = [entry for entry in chosen if not entry[2]]
    width = asyncio.Semaphore(8)

    async def one(sentence, function):
        async with width:
            return await _run_one(sentence, function, server, limit)

    results = list(await asyncio.gather(*(one(sentence, function) for sentence, function, _ in together)))
    for sentence, function, alone in chosen:
        if alone:
            results.append(await _run_one(sentence, function, server, limit))
    print(json.dumps({"finished": len(results)}), flush=True)
    return all(results)


def main(*, limit=40):
    """Runs the script's scenarios against the server of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True, help="the configuration in force, as JSON")
    parser.add_argument("--pid", type=int, default=0)
    parser.add_argument("--log", default="/dev/null")
    parser.add_argument("--only", help="a part of the sentence of the scenarios to run")
    parser.add_argument("--extra", help="whatever the script needs besides")
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        succeeded = asyncio.run(run_all(Server(arguments), arguments.only, limit))
        sys.exit(0 if succeeded else 1)
