"""Plays the two places that hand out credentials to what runs on AWS, on the loopback interface.

usage: credential_endpoints.py PORT TOKENFILE

- EC2 instance metadata, version 2 only: a token by PUT, then the role and its credentials with it.
- /v1/credentials, as of the EKS Pod Identity agent and of ECS: `Authorization` must be what TOKENFILE holds now.

Every answer has another key, `ASIATEST` and a running number.
"""

import datetime
import http.server
import json
import pathlib
import secrets
import sys
import threading
import time

from orphan import exit_with_parent

TOKEN_FILE = pathlib.Path(sys.argv[2])
ROLE = "/latest/meta-data/iam/security-credentials/"
sessions = {}
lock = threading.Lock()
handed_out = 0


def credentials():
    global handed_out
    with lock:
        handed_out += 1
        number = handed_out
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    return {
        "AccessKeyId": f"ASIATEST{number}",
        "SecretAccessKey": f"secret-{number}",
        "Token": f"token-{number}",
        "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=""):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_PUT(self):
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != "/latest/api/token":
            self.answer(404)
        elif self.headers.get("X-Forwarded-For"):
            self.answer(403)
        elif not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            self.answer(400)
        else:
            token = secrets.token_urlsafe(24)
            sessions[token] = time.time() + int(seconds)
            self.answer(200, token)

    def do_GET(self):
        if self.path == "/v1/credentials":
            if self.headers.get("Authorization") != TOKEN_FILE.read_text().strip():
                self.answer(401, '{"message":"invalid token"}')
            else:
                self.answer(200, json.dumps(credentials()))
        elif sessions.get(self.headers.get("X-aws-ec2-metadata-token", ""), 0) < time.time():
            self.answer(401)
        elif self.path == ROLE:
            self.answer(200, "node-role")
        elif self.path == ROLE + "node-role":
            self.answer(200, json.dumps({"Code": "Success", "Type": "AWS-HMAC", **credentials()}))
        else:
            self.answer(404)

    def log_message(self, format, *arguments):
        pass


if __name__ == "__main__":
    exit_with_parent()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print("{}", flush=True)
    server.serve_forever()
