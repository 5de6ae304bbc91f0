# The messages that every client sends, whatever its language; `plan.mjs` says the same.

import json


def plan():
    def binary(length):
        return bytes((i * 7 + (i >> 8)) % 251 for i in range(length))

    messages = ["hello", "grüß dich 🦀", "", binary(0)]
    messages += [binary(length) for length in (1, 125, 126, 65535, 65536, 300000)]
    messages.append("token " * 20000)
    messages += [json.dumps({"type": "token", "seq": seq}, separators=(",", ":")) for seq in range(300)]
    return messages
