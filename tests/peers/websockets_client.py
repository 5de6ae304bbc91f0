# A client on Python `websockets`: sends the plan, wants each message back, closes.
#
# python websockets_client.py URL DEFLATE CLOSER      DEFLATE: JSON true or false; CLOSER: client or server
# Prints one line, as `ws_client.mjs` does.

import asyncio
import hashlib
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from plan import plan


async def main():
    url, deflate, closer = sys.argv[1:]
    sent, received = hashlib.sha256(), hashlib.sha256()
    echoed = 0
    compression = "deflate" if json.loads(deflate) else None
    async with connect(url, compression=compression, max_size=64 << 20, proxy=None) as socket:
        pong = await socket.ping("are you there")

        async def send(message):
            sent.update(message.encode() if isinstance(message, str) else message)
            await socket.send(message)

        for message in plan():
            await send(message)
            back = await socket.recv()
            received.update(back.encode() if isinstance(back, str) else back)
            if back != message:
                print(json.dumps({"wrong": echoed}))
                sys.exit(1)
            echoed += 1
        await pong
        if closer == "client":
            await socket.close(4001, "bye")
        else:
            await send("close 4002 server says so")
            try:
                await socket.recv()
            except ConnectionClosed:
                pass
        await socket.wait_closed()
        header = socket.response.headers.get("Sec-WebSocket-Extensions", "")
    print(json.dumps({
        "echoed": echoed, "pong": True, "sent": sent.hexdigest(), "received": received.hexdigest(),
        "code": socket.close_code, "reason": socket.close_reason, "extensions": header,
    }))


asyncio.run(main())
