#!/usr/bin/env python3
"""Records what a real Cassandra answers, as seeds for the fuzz targets reply, rows and input.

usage: tests/fuzz/record.py [--port PORT] SERVER_PORT CORPUS COMMAND...

A proxy on 127.0.0.1:PORT (chosen free when not given; COMMAND finds it in the environment as PORT) hands everything
on to 127.0.0.1:SERVER_PORT while COMMAND runs. Each response becomes a seed; what is longer than 2,000 bytes, or
alike to one that was recorded before (same version, opcode, kind and length), is left out. The connection must not be
compressed. Example:

  tests/fuzz/record.py 9042 tests/fuzz/corpus sh -c 'tenantmove check --dir m --cassandra 127.0.0.1:$PORT ...'
"""
import argparse
import hashlib
import os
import pathlib
import socket
import subprocess
import sys
import threading

HEADER = 9
LONGEST = 2000
RESULT, READY, AUTHENTICATE = 0x08, 0x02, 0x03


class Seeds:
    def __init__(self, corpus):
        self.corpus = pathlib.Path(corpus)
        self.seen = set()
        self.lock = threading.Lock()

    def put(self, target, seed):
        if len(seed) > LONGEST:
            return
        folder = self.corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)

    def envelope(self, header, body):
        version, flags, opcode = header[0] & 0x7F, header[1], header[4]
        kind = body[:4] if opcode == RESULT else b""
        with self.lock:
            if (version, opcode, kind, len(body)) in self.seen:
                return
            self.seen.add((version, opcode, kind, len(body)))
            self.put("reply", bytes([version - 3, opcode, flags]) + body)
            if version < 5:
                self.put("input", bytes([0, 64]) + header + body)
            if kind == b"\0\0\0\2" and not flags:
                self.put("rows", bytes([version - 3]) + body[4:])


class Responses:
    """Cuts a stream of responses into envelopes; in v5, after READY or AUTHENTICATE, out of segments."""

    def __init__(self, seeds):
        self.seeds, self.raw, self.payload, self.segments = seeds, b"", b"", False

    def feed(self, data):
        self.raw += data
        while self.step():
            pass

    def step(self):
        if not self.segments:
            taken, self.raw = self.take(self.raw)
            return taken
        if len(self.raw) < 6:
            return False
        length = int.from_bytes(self.raw[:3], "little") & 0x1FFFF
        if len(self.raw) < 6 + length + 4:
            return False
        self.payload += self.raw[6:6 + length]
        self.raw = self.raw[6 + length + 4:]
        taken = True
        while taken:
            taken, self.payload = self.take(self.payload)
        return True

    def take(self, data):
        if len(data) < HEADER:
            return False, data
        length = int.from_bytes(data[5:9], "big")
        if len(data) < HEADER + length:
            return False, data
        header, body = data[:HEADER], data[HEADER:HEADER + length]
        self.seeds.envelope(header, body)
        if header[0] & 0x7F >= 5 and header[4] in (READY, AUTHENTICATE):
            self.segments = True
        return True, data[HEADER + length:]


def copy(source, to, responses):
    try:
        while data := source.recv(65536):
            if responses:
                responses.feed(data)
            to.sendall(data)
    except OSError:
        pass
    for s in (source, to):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(listener, server_port, seeds):
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", server_port))
        for arguments in ((client, server, None), (server, client, Responses(seeds))):
            threading.Thread(target=copy, args=arguments, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("server_port", type=int)
    parser.add_argument("corpus")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    o = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", o.port))
    threading.Thread(target=serve, args=(listener, o.server_port, Seeds(o.corpus)), daemon=True).start()
    environment = dict(os.environ, PORT=str(listener.getsockname()[1]))
    return subprocess.run(o.command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
