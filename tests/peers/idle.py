"""Idle connections held for minutes through `wiretape record` (N11): each must still carry frames.

    python3 tests/peers/idle.py [--minutes 60] [--connections 100] [--binary target/debug/wiretape]

Between the first echo and the last nothing is sent, by the peers or by the proxy. Prints one line
of figures; the exit code is 1 if any connection was cut, or anything came while all were idle.
"""

import argparse
import os
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
REQUEST = (
    b"GET /idle HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
# Over any echo of a debug build on a busy machine; no figure depends on it.
PATIENCE = 30


def serve(listener):
    """Answers each upgrade, then sends every masked frame of 8 bytes back, unmasked."""

    def one(peer):
        received = b""
        while b"\r\n\r\n" not in received:
            received += peer.recv(4096)
        peer.sendall(ANSWER)
        received = received.split(b"\r\n\r\n", 1)[1]
        while True:
            while len(received) >= 14:
                frame, received = received[:14], received[14:]
                peer.sendall(b"\x82\x08" + frame[6:])
            more = peer.recv(4096)
            if not more:
                return
            received += more

    while True:
        peer, _ = listener.accept()
        threading.Thread(target=one, args=(peer,), daemon=True).start()


def receive(peer, size):
    received = b""
    while len(received) < size:
        more = peer.recv(size - len(received))
        if not more:
            raise ConnectionError("ended")
        received += more
    return received


def upgraded(address):
    peer = socket.create_connection(address, timeout=PATIENCE)
    peer.sendall(REQUEST)
    if receive(peer, len(ANSWER)) != ANSWER:
        raise ConnectionError("another answer")
    return peer


def echo(peer, number):
    """Sends a number under a mask of zeros, and gives how long its echo took, in seconds."""
    begun, body = time.monotonic(), struct.pack(">Q", number)
    peer.sendall(b"\x82\x88\0\0\0\0" + body)
    if receive(peer, 10) != b"\x82\x08" + body:
        raise ConnectionError("another echo")
    return time.monotonic() - begun


def echoes(peers, base):
    """The slowest echo, and how many connections gave none."""
    slowest, cut = 0, 0
    for number, peer in enumerate(peers):
        try:
            slowest = max(slowest, echo(peer, base + number))
        except OSError as error:
            cut += 1
            print(f"connection {number + 1}: {error}", file=sys.stderr)
    return slowest, cut


def usage(pid):
    """Seconds of CPU and KiB of memory of a process; zeros where there is no /proc."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        with open(f"/proc/{pid}/status") as status:
            resident = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])
    except OSError:
        return 0, 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), resident


def run(arguments, folder, upstream):
    command = [arguments.binary, "record", f"ws://127.0.0.1:{upstream}"]
    command += ["--listen", "127.0.0.1:0", "--dir", folder, "--json"]
    proxy = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        started = proxy.stdout.readline().decode()
        port = int(re.search(r'"listen":"ws://127\.0\.0\.1:(\d+)', started)[1])
        # Nobody reads its other lines; a full pipe must not be what is measured.
        threading.Thread(target=proxy.stdout.read, daemon=True).start()
        peers = [upgraded(("127.0.0.1", port)) for _ in range(arguments.connections)]
        before, cut = echoes(peers, 0)
        cpu, _ = usage(proxy.pid)
        time.sleep(arguments.minutes * 60)
        idle_cpu, resident = usage(proxy.pid)
        poll = select.poll()
        for peer in peers:
            poll.register(peer, select.POLLIN | select.POLLHUP)
        disturbed = len(poll.poll(0))
        after, cut_later = echoes(peers, 1 << 32)
    finally:
        proxy.terminate()
        proxy.wait()
    print(
        f"{len(peers)} connections idle for {arguments.minutes:g} min: {cut + cut_later} cut, "
        f"{disturbed} disturbed; slowest echo {before * 1000:.1f} ms before, "
        f"{after * 1000:.1f} ms after; {idle_cpu - cpu:.2f} s of CPU meanwhile, "
        f"{resident / 1024:.1f} MiB resident"
    )
    return cut + cut_later + disturbed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--binary", default="target/debug/wiretape")
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(arguments, folder, listener.getsockname()[1]) else 1


if __name__ == "__main__":
    sys.exit(main())
