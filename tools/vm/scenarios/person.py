#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A person at a machine's serial console: waits for what the screen shows, types.

usage: person.py SOCKET <STEPS

A step is a line: "see TEXT" waits until the console has shown TEXT after what was
seen before; "type TEXT" types a line; "press C" types Ctrl and that letter. Prints
what the console has shown; exits with 1 if something was not seen.
"""

import re
import socket
import sys
import time

SECONDS = 300


def connect(path):
    # The machine may first have to wait for the lock of its kernel's tree.
    for _ in range(6000):
        screen = socket.socket(socket.AF_UNIX)
        try:
            screen.connect(path)
            return screen
        except OSError:
            screen.close()
            time.sleep(0.1)
    sys.exit(f"person: nobody answers at {path}")


def see(screen, shown, text):
    """Reads until TEXT is there; returns what came after it, or None."""
    screen.settimeout(SECONDS)
    while text not in shown:
        try:
            data = screen.recv(4096)
        except TimeoutError:
            data = b""
        if not data:
            return None
        data = data.decode(errors="replace").replace("\r", "")
        print(data, end="", flush=True)
        # The kernel talks on the same line.
        shown = re.sub(r"\[ *[0-9]+\.[0-9]+\] [^\n]*\n", "", shown + data)
    return shown.split(text, 1)[1]


def main():
    screen = connect(sys.argv[1])
    shown = ""
    for step in sys.stdin.read().splitlines():
        word, _, text = step.partition(" ")
        if word == "see":
            shown = see(screen, shown, text)
            if shown is None:
                sys.exit(f"\nperson: did not see: {text}")
        elif word in ("type", "press"):
            control = bytes([ord(text[0]) & 0x1F]) if word == "press" else b""
            screen.sendall(control or text.encode() + b"\n")
    # To the end, or the machine stops when it has more to say.
    see(screen, "", "\0")


main()
