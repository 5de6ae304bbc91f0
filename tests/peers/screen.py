#!/usr/bin/env python3
"""How fast the screen is on a long recording: first paint, loading, keys to paint, memory.

    python3 tests/peers/screen.py BINARY RECORDING [KEYS | growing]

A pseudo-terminal of 120x36 plays the terminal; a key's paint is over when nothing more comes for
15 ms, and a key that draws nothing within half a second draws nothing. Prints one line; times are
in milliseconds. A recording that grows is never loaded: its keys are pressed at once, a quarter of a
second apart.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

KEYS = "jjjjwwwweeeeccllllLLLL+++---HHHH0000iii\t" * 4 + "3jjjjjGgjjj4jjjj2ee5jj2"
QUIET = 0.015
FIRST = 0.5


def read(fd, until):
    """What comes until then; when the last of it came."""
    data, last = b"", None
    while (left := until - time.monotonic()) > 0:
        if not select.select([fd], [], [], left)[0]:
            break
        try:
            data += os.read(fd, 1 << 16)
        except OSError:
            sys.exit("it has ended: " + data.decode(errors="replace")[-500:])
        last = time.monotonic()
    return data, last


def paint(fd, key):
    """Seconds from a key to the first byte of what it drew, and to the last."""
    start = time.monotonic()
    os.write(fd, key.encode())
    first, last, wait = None, start, FIRST
    while select.select([fd], [], [], wait)[0]:
        os.read(fd, 1 << 16)
        last, wait = time.monotonic(), QUIET
        first = first or last
    return (first or start) - start, last - start


def rss(pid, what="VmHWM"):
    with open(f"/proc/{pid}/status") as status:
        lines = dict(line.split(":", 1) for line in status if ":" in line)
    return int(lines[what].split()[0]) / 1024


def main():
    binary, recording = sys.argv[1:3]
    keys = sys.argv[3] if len(sys.argv) > 3 else KEYS
    grows = keys == "growing"
    if grows:
        keys = KEYS
    start = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(binary, [binary, "open", recording, "--rules", "agent"])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    data = b""
    while b"Timeline" not in data:
        more, _ = read(fd, time.monotonic() + 0.002)
        data += more
    first = time.monotonic() - start
    # While it loads, a key is answered too.
    early = [paint(fd, "j")[1] for _ in range(5)]
    quiet = 3 if grows else 0
    while quiet < 3:
        more, _ = read(fd, time.monotonic() + 0.3)
        quiet = 0 if more else quiet + 1
    loaded = time.monotonic() - start - 0.9
    both = []
    for key in keys:
        if grows:
            read(fd, time.monotonic() + 0.25)
        took = paint(fd, key)
        if took[1] > 0:
            both.append(took)
    firsts, times = sorted(first for first, _ in both), sorted(last for _, last in both)
    at = lambda times, share: times[min(len(times) - 1, int(len(times) * share))] * 1000
    print(
        f"first paint {first * 1000:.0f}, "
        f"{'growing' if grows else f'loaded {loaded * 1000:.0f}'}, "
        f"a key while loading at worst {max(early) * 1000:.0f}, "
        f"{len(times)} keys to paint: p50 {at(firsts, 0.5):.1f} p95 {at(firsts, 0.95):.1f}, "
        f"with what the disk gives p50 {at(times, 0.5):.1f} p95 {at(times, 0.95):.1f}; "
        f"peak memory {rss(pid):.0f} MiB, now {rss(pid, 'VmRSS'):.0f}"
    )
    os.write(fd, b"\x03")
    os.waitpid(pid, 0)


main()
