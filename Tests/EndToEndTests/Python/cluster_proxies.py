"""Nodes behind nginx, behind haproxy, and behind haproxy that speaks the PROXY protocol.

The first two nodes take headers from one proxy, the third takes the PROXY protocol.
"""

import asyncio
import json
import os
import sys
import tempfile

from cluster import Cluster, Redis, free_port, merge, parse, spawn
from harness import eventually, expect, expect_equal, run_all, scenario, unique
from pusher_socket import PusherSocket
from signing import api, publish

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $connection_header {{ default upgrade; '' ''; }}
  upstream node {{ server 127.0.0.1:{node}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_read_timeout 60s;
    }}
  }}
}}
"""

HAPROXY = """
defaults
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel 60s
frontend headers
  mode http
  bind 127.0.0.1:{port}
  option forwardfor
  default_backend headers
backend headers
  mode http
  option httpchk GET /up/1
  server a 127.0.0.1:{node} check inter 500
frontend stream
  mode tcp
  bind 127.0.0.1:{stream_port}
  default_backend stream
backend stream
  mode tcp
  server a 127.0.0.1:{stream_node} send-proxy-v2
"""


class Proxy:
    """A way to a node that looks like the node itself."""

    def __init__(self, name, node, port):
        self.name = name
        self.node = node
        self.host = "127.0.0.1"
        self.port = port

    def __repr__(self):
        return self.name

    def app(self, name="demo"):
        return self.node.app(name)


@scenario("a client behind each proxy gets everything that the others send", alone=True)
async def everything(cluster):
    channel, private = unique("presence-proxy-"), unique("private-proxy-")
    ways = cluster.ways
    sockets = [await PusherSocket.establish(way) for way in ways]
    for number, socket in enumerate(sockets):
        await socket.subscribe(channel, user={"user_id": f"u{number}"})
        for other in sockets[:number]:
            await other.expect("pusher_internal:member_added", channel)
    for socket in sockets:
        await socket.subscribe(private)
    large = "x" * 9000
    for way in ways:
        await publish(way, channel, "n", large)
        for socket in sockets:
            expect_equal((await socket.expect("n", channel))["data"], large, f"the event through {way}")
    for sender in sockets:
        await sender.send("client-n", {"n": 1}, channel=private)
        for socket in sockets:
            if socket is not sender:
                await socket.expect("client-n", private)
    for way in ways:
        users = (await api(way, "GET", f"/channels/{channel}/users")).json()["users"]
        expect_equal(len(users), len(ways), f"the users through {way}")
    await sockets[0].close()
    for socket in sockets[1:]:
        await socket.expect("pusher_internal:member_removed", channel)
    for socket in sockets[1:]:
        await socket.fence()
    for socket in sockets[1:]:
        await socket.close()


@scenario("the limit counts clients by their own addresses, which proxies tell", alone=True)
async def addresses(cluster):
    for way in cluster.ways:
        answer = await api(way, "GET", "/channels", headers={"X-Forwarded-For": unique("10.0.0.")})
        expect_equal(answer.status, 200, f"the status through {way}")
        first = int(answer.headers["x-ratelimit-remaining"])
        # Whatever a client claims itself, it is the same client.
        answer = await api(way, "GET", "/channels", headers={"X-Forwarded-For": unique("10.0.0.")})
        expect_equal(int(answer.headers["x-ratelimit-remaining"]), first - 1, f"what remains through {way}")


@scenario("a node that stops sends the clients behind a proxy away in order", alone=True)
async def stopping(cluster):
    way = cluster.ways[0]
    socket = await PusherSocket.establish(way)
    await socket.subscribe(unique("stop-"))
    ending = asyncio.create_task(way.node.terminate())
    async with asyncio.timeout(15):
        await socket.connection.wait_closed()
    expect_equal(socket.connection.close_code, 4200, "the close code")
    expect_equal(await ending, 0, "the exit status")
    await way.node.restart()


async def run(arguments, folder):
    redis = Redis(folder)
    with open(arguments.base, encoding="utf-8") as file:
        values = json.load(file)
    values = merge(
        values,
        {
            "adapter": {"driver": "redis"},
            "database": {"redis": {"host": "127.0.0.1", "port": redis.port}},
            "rate_limiter": {
                "enabled": True,
                "api_rate_limit": {"max_requests": 1000, "window_seconds": 3600},
                "websocket_rate_limit": {"max_requests": 1000, "window_seconds": 3600},
            },
        },
    )
    behind = {"listener": {"trusted_hops": 1}}
    cluster = Cluster(
        binary=arguments.binary,
        configuration=values,
        logs=arguments.logs,
        name=arguments.name,
        nodes=(behind, behind, {"listener": {"proxy_protocol": True}}),
    )
    await redis.restart()
    ports = [free_port() for _ in range(3)]
    cluster.ways = [
        Proxy(name, node, port)
        for name, node, port in zip(("nginx", "haproxy", "haproxy's stream"), cluster.nodes, ports, strict=True)
    ]
    with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as file:
        file.write(NGINX.format(folder=folder, node=cluster.nodes[0].port, port=ports[0]))
    with open(os.path.join(folder, "haproxy.cfg"), "w", encoding="utf-8") as file:
        values = {"node": cluster.nodes[1].port, "port": ports[1]}
        file.write(HAPROXY.format(stream_node=cluster.nodes[2].port, stream_port=ports[2], **values))
    proxies = []
    try:
        for node in cluster.nodes:
            node.start()
        await asyncio.gather(*(node.serves() for node in cluster.nodes[:2]))
        proxies = [
            spawn(["nginx", "-p", folder, "-c", os.path.join(folder, "nginx.conf")], os.path.join(folder, "nginx.log")),
            spawn(["haproxy", "-db", "-f", os.path.join(folder, "haproxy.cfg")], os.path.join(folder, "haproxy.log")),
        ]
        for way in cluster.ways:

            async def serves(way=way):
                return await asyncio.to_thread(type(way.node).status, way, "/live") == 200

            await eventually(serves, f"{way} serves", 20)
        expect(all(proxy.poll() is None for proxy in proxies), "a proxy ended")
        succeeded = await run_all(cluster, arguments.only, 60)
    finally:
        for proxy in proxies:
            proxy.terminate()
            proxy.wait()
        await cluster.stop()
        redis.kill()
    return succeeded


def main():
    arguments = parse(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="martlet-proxies-") as folder:
        sys.exit(0 if asyncio.run(run(arguments, folder)) else 1)


if __name__ == "__main__":
    main()
