#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tpm_share.py PORT TPM_PORT: one software TPM for several programs at a time.

swtpm serves one connection. This takes many, and hands their commands on one by
one, as the kernel's resource manager does; sessions are the TPM's, so there is
nothing else to manage. The next higher ports, of either, are for control. All
are on loopback.
"""
import socket
import struct
import sys
import threading

HEADER = 10  # tag, size of all, code: TPM 2.0 Library, Part 1, 18.2
turn = threading.Lock()


def read(conn, size):
    """Exactly so many bytes, or fewer if the other end hangs up."""
    data = b""
    while len(data) < size:
        more = conn.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def read_message(conn):
    """A command or a response, whole; nothing if the other end hangs up."""
    header = read(conn, HEADER)
    if len(header) < HEADER:
        return b""
    size = struct.unpack(">I", header[2:6])[0]
    return header + read(conn, size - HEADER)


def read_control(conn):
    """Control messages are small, and the TCTI sends one per connection."""
    return conn.recv(4096)


def serve(client, tpm, read_one):
    """Everything that one program asks."""
    with client:
        while command := read_one(client):
            with turn, socket.create_connection(tpm) as conn:
                conn.sendall(command)
                response = read_one(conn)
            client.sendall(response)


def listen(port, tpm_port, read_one):
    """For as long as it is left alone."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            client, _ = server.accept()
            threading.Thread(target=serve, daemon=True, args=(
                client, ("127.0.0.1", tpm_port), read_one)).start()


def main():
    """Commands here, control in a thread."""
    port, tpm_port = map(int, sys.argv[1:])
    threading.Thread(target=listen, daemon=True,
                     args=(port + 1, tpm_port + 1, read_control)).start()
    listen(port, tpm_port, read_message)


main()
