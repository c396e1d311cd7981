"""The rates of one address, over the HTTP API and over new connections."""

from harness import expect, expect_equal, main, scenario
from raw_socket import RawSocket, upgrade_request
from signing import api, request


@scenario("requests beyond an address's rate get 429 with the three headers and retry-after", alone=True)
async def api_rate(server):
    limit = server.configuration["rate_limiter"]["api_rate_limit"]["max_requests"]
    answers = [await api(server, "GET", "/channels") for _ in range(limit + 3)]
    statuses = [answer.status for answer in answers]
    expect(429 in statuses, f"the statuses are {set(statuses)}")
    refused = answers[statuses.index(429)]
    for name in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"):
        expect(name in refused.headers, f"{name} is not in {refused.headers}")
    expect_equal(refused.headers["x-ratelimit-limit"], str(limit), "the limit")
    expect_equal(refused.headers["x-ratelimit-remaining"], "0", "what remains")
    first = next(answer for answer in answers if answer.status == 200)
    expect("x-ratelimit-remaining" in first.headers, f"{first.headers}")
    expect_equal((await request(server, "GET", "/live")).status, 200, "the status of /live")
    # Forged headers do not open a new bucket.
    for headers in ({"X-Real-IP": "9.9.9.9"}, {"X-Forwarded-For": "9.9.9.9"}):
        answer = await api(server, "GET", "/channels", headers=headers)
        expect_equal(answer.status, 429, f"the status with {headers}")


@scenario("upgrades beyond an address's rate are refused", alone=True)
async def connect_rate(server):
    limit = server.configuration["rate_limiter"]["websocket_rate_limit"]["max_requests"]
    verdicts = []
    for _ in range(limit + 2):
        async with await RawSocket.open(server) as socket:
            await socket.send(upgrade_request(X_Forwarded_For=f"9.9.9.{len(verdicts)}"))
            status, fields, _ = await socket.response(body=False)
            if status == 429:
                expect("retry-after" in fields, f"{fields}")
                verdicts.append("refused")
            else:
                _, payload = await socket.frame()
                verdicts.append("served" if b"connection_established" in payload else "refused")
    expect_equal(verdicts, ["served"] * limit + ["refused"] * 2, "the verdicts")


if __name__ == "__main__":
    main()
