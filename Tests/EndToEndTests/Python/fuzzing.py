"""Autobahn's cases, run by kosoku against the echo server of the tests.

usage: fuzzing.py HOST:PORT REPORT_FOLDER [CASE ...]
"""

import asyncio
import json
import sys

from kosoku import FailureError, run_fuzzingclient
from kosoku._report import write_reports

CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
PASSING = {"OK", "NON-STRICT", "INFORMATIONAL"}


async def run(address, folder, cases):
    try:
        results = await run_fuzzingclient(address, cases, None, concurrency=4)
    except FailureError as failure:
        results = failure.results
    write_reports(results, folder)
    for result in results:
        behavior, close = result.behavior.value, result.behavior_close.value
        line = {"scenario": f"case {result.case_id}", "ok": behavior in PASSING and close in PASSING}
        if not line["ok"]:
            line["detail"] = f"behavior {behavior}, close {close}: {result.description} (reports in {folder})"
        print(json.dumps(line, ensure_ascii=False), flush=True)
    print(json.dumps({"finished": len(results)}), flush=True)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], sys.argv[3:] or CASES))
