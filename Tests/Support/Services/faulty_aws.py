"""Runs microburst in front of an emulator of AWS, with faults from the beginning.

usage: faulty_aws.py PORT UPSTREAM KEY SECRET RULES

RULES are microburst's, as a JSON list. Requests that pass are signed anew with KEY and SECRET. Writes one line of JSON
once everything answers.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

from orphan import die_with_parent, exit_with_parent


def main():
    port, upstream, key, secret, rules = sys.argv[1:]
    exit_with_parent()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    program = os.path.join(os.path.dirname(sys.executable), "microburst")
    process = subprocess.Popen(
        [program, "--upstream", upstream, "--host", "127.0.0.1", "--port", port, "--resign"],
        env=kept | {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "eu-central-1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )
    request = urllib.request.Request(f"http://127.0.0.1:{port}/_microburst/rules", data=rules.encode(), method="PATCH")
    deadline = time.monotonic() + 60
    while True:
        if process.poll() is not None:
            sys.exit(f"microburst ended with status {process.returncode}")
        try:
            urllib.request.urlopen(request, timeout=5).close()
            break
        except urllib.error.HTTPError as error:
            sys.exit(f"microburst refuses the rules: {error.read().decode()}")
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                sys.exit("microburst does not answer")
            time.sleep(0.1)
    print(json.dumps({"port": port}), flush=True)
    process.wait()


if __name__ == "__main__":
    main()
