# An echo server on Python `websockets`.
#
# python websockets_server.py DEFLATE      DEFLATE: JSON, arguments of its permessage-deflate, or false
# Prints {"port"} once and {"code","reason"} for each closed socket. "close CODE REASON" closes.

import asyncio
import json
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


def say(line):
    print(json.dumps(line), flush=True)


async def echo(socket):
    try:
        async for message in socket:
            if isinstance(message, str) and message.startswith("close "):
                _, code, reason = message.split(" ", 2)
                await socket.close(int(code), reason)
            else:
                await socket.send(message)
    except ConnectionClosed:
        pass
    say({"code": socket.close_code, "reason": socket.close_reason})


async def main():
    deflate = json.loads(sys.argv[1])
    extensions = None if deflate is False else [ServerPerMessageDeflateFactory(**deflate)]
    options = {"compression": None, "extensions": extensions, "max_size": 64 << 20}
    async with serve(echo, "127.0.0.1", 0, **options) as server:
        say({"port": server.sockets[0].getsockname()[1]})
        await server.serve_forever()


asyncio.run(main())
