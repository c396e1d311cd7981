"""Sign-in, server-to-user events, watchlists, termination and forced reconnects."""

import asyncio
import json

from harness import expect, expect_equal, main, scenario, unique
from pusher_socket import PusherSocket
from signing import api, channel_auth, publish, request, signed_target, user_auth


async def watchlist_states(socket, wanted):
    """Reads watchlist events until each wanted user has been reported, and returns the last state of each."""
    states = {}
    while set(wanted) - set(states):
        message = await socket.next()
        expect_equal(message["event"], "pusher_internal:watchlist_events", f"the event of {message}")
        expect("channel" not in message, f"{message} must have no channel")
        for event in json.loads(message["data"])["events"]:
            expect(event["name"] in ("online", "offline"), f"{event}")
            for user in event["user_ids"]:
                states[user] = event["name"]
    return states


async def closes(socket, code):
    """Waits for the end of the connection and checks its code; an error event may come first."""
    async with asyncio.timeout(10):
        await socket.connection.wait_closed()
    expect_equal(socket.connection.close_code, code, "the close code")


@scenario("a signed-in user joins the user's own channel, and nobody else does")
async def server_to_user(server):
    user = unique("user-")
    channel = f"#server-to-user-{user}"
    async with await PusherSocket.establish(server) as socket, await PusherSocket.establish(server) as stranger:
        await socket.request_subscription(channel, auth="")
        await socket.expect_refusal(channel)
        await socket.sign_in({"id": user, "user_info": {"name": "Ada"}})
        expect_equal(await socket.subscribe(channel, auth=""), {}, "the data")
        await stranger.sign_in({"id": unique("other-")})
        await stranger.request_subscription(channel, auth=channel_auth(server.app(), stranger.socket_id, channel))
        await stranger.expect_refusal(channel)
        await publish(server, channel, "note", '{"n":1}')
        message = await socket.expect("note", channel)
        expect_equal(message, {"event": "note", "channel": channel, "data": '{"n":1}'}, "the event")
        await stranger.fence()
        answer = await api(server, "GET", "/channels", query={"filter_by_prefix": "#server"})
        expect_equal(answer.json(), {"channels": {}}, "the listing")


@scenario("signing in again as the same user succeeds, as another one is refused")
async def sign_in_again(server):
    user = unique("user-")
    async with await PusherSocket.establish(server) as socket:
        await socket.sign_in({"id": user})
        await socket.sign_in({"id": user, "user_info": {"x": 1}})
        user_data = json.dumps({"id": unique("other-")})
        auth = user_auth(server.app(), socket.socket_id, user_data)
        await socket.send("pusher:signin", {"auth": auth, "user_data": user_data})
        await socket.expect_error(None)
        await socket.fence()


@scenario("a wrong sign-in is refused with an error without a code, and the connection stays")
async def wrong_sign_in(server):
    app = server.app()
    async with await PusherSocket.establish(server) as socket:
        for user_data in ('{"id":""}', '{"id":7}', '{"id":null}', "{}", "[]", "no json", '"x"'):
            auth = user_auth(app, socket.socket_id, user_data)
            await socket.send("pusher:signin", {"auth": auth, "user_data": user_data})
            await socket.expect_error(None)
        good = '{"id":"x"}'
        for auth in (
            "",
            "x",
            f"{app.key}:{'0' * 64}",
            user_auth(app, "1.1", good),
            user_auth(server.app("plain"), socket.socket_id, good),
        ):
            await socket.send("pusher:signin", {"auth": auth, "user_data": good})
            await socket.expect_error(None)
        for data in ({}, {"auth": None}, "x", 7, None, {"auth": 7, "user_data": {}}):
            await socket.send("pusher:signin", data)
            await socket.expect_error(None)
        await socket.fence()


@scenario("a presence channel may be joined without channel_data after sign-in")
async def presence_after_sign_in(server):
    channel = unique("presence-")
    user = unique("user-")
    async with await PusherSocket.establish(server) as socket:
        await socket.request_subscription(channel)
        await socket.expect_refusal(channel)
        await socket.sign_in({"id": user, "user_info": {"name": "Ada"}})
        data = (await socket.subscribe(channel))["presence"]
        expect_equal(data, {"count": 1, "ids": [user], "hash": {user: {"name": "Ada"}}}, "the members")


@scenario("a watchlist reports the state of its users at sign-in, and each change afterwards")
async def watchlist(server):
    friend, absent, me = unique("friend-"), unique("absent-"), unique("me-")
    first = await PusherSocket.establish(server)
    second = await PusherSocket.establish(server)
    watcher = await PusherSocket.establish(server)
    await first.sign_in({"id": friend})
    await watcher.sign_in({"id": me, "watchlist": [friend, absent]})
    expect_equal(await watchlist_states(watcher, [friend, absent]), {friend: "online", absent: "offline"}, "the states")
    # A second connection of the same user changes nothing, nor does the loss of one of two.
    await second.sign_in({"id": friend})
    await watcher.fence()
    await first.close()
    await watcher.fence()
    await second.close()
    expect_equal(await watchlist_states(watcher, [friend]), {friend: "offline"}, "the state")
    third = await PusherSocket.establish(server)
    await third.sign_in({"id": absent})
    expect_equal(await watchlist_states(watcher, [absent]), {absent: "online"}, "the state")
    await watcher.fence()
    for socket in (third, watcher):
        await socket.close()


@scenario("a watchlist that is too long is cut to a hundred and reported with 4302")
async def long_watchlist(server):
    users = [unique("w-") for _ in range(101)]
    async with await PusherSocket.establish(server) as socket:
        user_data = json.dumps({"id": unique("me-"), "watchlist": users})
        auth = user_auth(server.app(), socket.socket_id, user_data)
        await socket.send("pusher:signin", {"auth": auth, "user_data": user_data})
        messages = []
        states = {}
        while len(states) < 100 or len(messages) < 2:
            message = await socket.next()
            if message["event"] == "pusher_internal:watchlist_events":
                for event in json.loads(message["data"])["events"]:
                    states.update(dict.fromkeys(event["user_ids"], event["name"]))
            else:
                messages.append(message)
        expect_equal(sorted(m["event"] for m in messages), ["pusher:error", "pusher:signin_success"], "the messages")
        error = next(m for m in messages if m["event"] == "pusher:error")
        expect_equal(error["data"]["code"], 4302, "the code")
        expect_equal(states, dict.fromkeys(users[:100], "offline"), "the states")


@scenario("terminate_connections closes what is signed in as the user with 4009, and nothing else")
async def terminate(server):
    user = unique("user-")
    channel = unique("presence-")
    first, second = await PusherSocket.establish(server), await PusherSocket.establish(server)
    member, other = await PusherSocket.establish(server), await PusherSocket.establish(server)
    await first.sign_in({"id": user})
    await second.sign_in({"id": user})
    await member.subscribe(channel, user={"user_id": user})
    await other.sign_in({"id": unique("other-")})
    answer = await api(server, "POST", f"/users/{user}/terminate_connections", {})
    expect_equal((answer.status, answer.body), (200, "{}"), "the answer")
    for socket in (first, second):
        await closes(socket, 4009)
    await member.fence()
    await other.fence()
    for socket in (member, other):
        await socket.close()
    answer = await api(server, "POST", f"/users/{unique('nobody-')}/terminate_connections", b"")
    expect_equal((answer.status, answer.body), (200, "{}"), "the answer for a user who is not there")


@scenario("the users path of the official Python library, without the app, finds the app by its key")
async def terminate_without_app(server):
    user = unique("user-")
    async with await PusherSocket.establish(server) as socket:
        await socket.sign_in({"id": user})
        path = f"/users/{user}/terminate_connections"
        target = signed_target(server.app(), "POST", path, b"{}")
        answer = await request(server, "POST", target, b"{}", {"Content-Type": "application/json"})
        expect_equal(answer.status, 200, f"the status of {answer}")
        await closes(socket, 4009)


@scenario("force_reconnect closes what is signed in as the user with 4200")
async def force_reconnect(server):
    user = unique("user-")
    async with await PusherSocket.establish(server) as socket:
        await socket.sign_in({"id": user})
        answer = await api(server, "POST", f"/users/{user}/force_reconnect", {})
        expect_equal((answer.status, answer.body), (200, "{}"), "the answer")
        await closes(socket, 4200)


if __name__ == "__main__":
    main()
