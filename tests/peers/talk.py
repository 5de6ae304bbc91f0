#!/usr/bin/env python3
"""A long talk, as JSONL that `wiretape import` reads: what the screen is measured on.

    python3 tests/peers/talk.py FRAMES [USERS] > talk.jsonl

Runs of seven events of 400 bytes, 500 events a second in all; one tool call in 200 never ends.
"""
import json
import sys

STEP_NS = 2_000_000
BYTES = 400


def lines(frames, users):
    yield {"v": 1, "kind": "wiretape", "uuid": "0f622d11-bc70-4fba-b324-0000%08x" % frames,
           "name": "talk", "tool": "0.1.0", "started_ns": 1795503228866373760,
           "upstream": "ws://127.0.0.1:8000", "listen": "ws://127.0.0.1:9000",
           "finished_ns": (frames + 1000) * STEP_NS}
    for user in range(users):
        yield {"kind": "connection", "id": user + 1, "opened_ns": user * 1000,
               "client": f"127.0.0.1:{40000 + user}", "server": "127.0.0.1:8000", "status": 101,
               "c2s": {"frames": 0, "bytes": 0}, "s2c": {"frames": 0, "bytes": 0},
               "request_head": {"text": f"GET /ws HTTP/1.1\r\nX-User-Id: user_{user}\r\n\r\n"},
               "response_head": {"text": "HTTP/1.1 101 Switching Protocols\r\n\r\n"}}
    count = 0
    # Every user is in the midst of a run: a step of one, then of the next.
    runs, calls, waiting = users, 0, [iter(())] * users
    numbers = list(range(users))
    while count < frames:
        for user in range(users):
            step = next(waiting[user], None)
            if step is None:
                numbers[user], runs = runs, runs + 1
                calls += 2
                waiting[user] = iter(steps(calls))
                step = next(waiting[user])
            count += 1
            yield frame(count, user, numbers[user], step)
            if count == frames:
                return


def steps(calls):
    yield "agent_started", None
    for tool in range(2):
        yield "agent_thinking", None
        yield "tool_executing", tool
        if (calls + tool) % 200:
            yield "tool_completed", tool
    yield "agent_completed", None


def frame(count, user, run, step):
    event, tool = step
    said = {"type": event, "run_id": f"run_{run}", "agent_name": "triage", "payload": {}}
    if tool is not None:
        said["payload"]["tool_name"] = f"tool_{tool}"
    said["payload"]["text"] = ""
    said["payload"]["text"] = "x" * (BYTES - len(json.dumps(said, separators=(",", ":"))))
    text = json.dumps(said, separators=(",", ":"))
    header = bytes([0x81, 126]) + len(text).to_bytes(2, "big")
    at = count * STEP_NS
    return {"kind": "frame", "id": count, "connection": user + 1, "direction": "s2c",
            "read_ns": at, "written_ns": at + 30_000, "opcode": "text", "header": header.hex(),
            "text": text}


def main():
    frames = int(sys.argv[1])
    users = int(sys.argv[2]) if len(sys.argv) > 2 else 24
    for line in lines(frames, users):
        sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")


main()
