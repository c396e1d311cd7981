"""Runs ministack or moto on the loopback interface with signatures verified, and makes a user with an access key.

usage: emulated_aws.py PORT [ministack|moto]

Writes one JSON line with the access key once everything answers.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

from orphan import die_with_parent, exit_with_parent

ROLE = "webhooks"
ASSUMED = "assumed"
SUBJECT = "system:serviceaccount:default:martlet"


def call(base, **parameters):
    """Calls IAM as the emulator's root user, whose signature it does not verify."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    request = urllib.request.Request(
        base,
        data=urllib.parse.urlencode({"Version": "2010-05-08", **parameters}).encode(),
        headers={
            "X-Amz-Date": now,
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/{now[:8]}/us-east-1/iam/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return xml.etree.ElementTree.fromstring(answer.read())


def wait_until_healthy(base, process, path):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"the emulator ended with status {process.returncode}")
        try:
            urllib.request.urlopen(base + path, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit("the emulator does not answer")


def make_user(base, name, actions):
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
    }
    call(base, Action="CreateUser", UserName=name)
    call(base, Action="PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    answer = call(base, Action="CreateAccessKey", UserName=name)
    return answer.findtext(".//{*}AccessKeyId"), answer.findtext(".//{*}SecretAccessKey")


def make_role(base):
    """Makes a role that a service account's token may take, as on EKS, and one for the user."""
    provider = "oidc.eks.eu-central-1.amazonaws.com/id/TEST"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{provider}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{provider}:aud": "sts.amazonaws.com", f"{provider}:sub": SUBJECT}},
            }
        ],
    }
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["dynamodb:*", "sqs:*"], "Resource": "*"}],
    }
    call(base, Action="CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    call(base, Action="PutRolePolicy", RoleName=ROLE, PolicyName="p", PolicyDocument=json.dumps(policy))
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:user/app"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "martlet-tests"}},
            }
        ],
    }
    call(base, Action="CreateRole", RoleName=ASSUMED, AssumeRolePolicyDocument=json.dumps(trust))
    call(base, Action="PutRolePolicy", RoleName=ASSUMED, PolicyName="p", PolicyDocument=json.dumps(policy))


def start(command, environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.Popen(
        [os.path.join(os.path.dirname(sys.executable), command[0]), *command[1:]],
        env=kept | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )


def start_ministack(port):
    environment = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": "123456789012",
    }
    return start(["ministack"], environment), "_ministack/health"


def start_moto(port):
    """moto's own server closes every connection, so gunicorn runs it: one process, since the state is in it."""
    folder = os.path.dirname(os.path.abspath(__file__))
    command = ["gunicorn", "-w", "1", "--threads", "32", "--keep-alive", "30", "-b", f"127.0.0.1:{port}"]
    return start([*command, "--chdir", folder, "moto_application:app"], {}), "moto-api/data.json"


def enforce_signatures(base):
    """Has moto verify every later request; the type is needed, or the body is read as a form and is empty."""
    request = urllib.request.Request(base + "moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request, timeout=10).close()


def main():
    port = int(sys.argv[1])
    is_moto = sys.argv[2:] == ["moto"]
    exit_with_parent()
    process, health = start_moto(port) if is_moto else start_ministack(port)
    base = f"http://127.0.0.1:{port}/"
    wait_until_healthy(base, process, health)
    key, secret = make_user(base, "app", ["dynamodb:*", "sqs:*", "lambda:*", "sts:AssumeRole"])
    reader_key, reader_secret = make_user(base, "reader", ["dynamodb:GetItem"])
    make_role(base)
    if is_moto:
        enforce_signatures(base)
    keys = {"id": key, "secret": secret, "reader_id": reader_key, "reader_secret": reader_secret}
    print(json.dumps(keys), flush=True)
    process.wait()


if __name__ == "__main__":
    main()
