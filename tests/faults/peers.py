#!/usr/bin/python3
"""peers.py KIND: a peer on a free port of loopback, which it prints, that is not the Cassandra that it should be.

silent   takes connections and says nothing            closing  closes each connection at once
http     answers every request like a web server       noise    answers with bytes without a meaning
old      a Cassandra that speaks only protocol 2        huge     a frame that says it is 2 GB long
half     the first bytes of an answer, then nothing     tls      asks for TLS by an alert
auth     wants a login and refuses every one
"""
import socket
import struct
import sys
import threading
import time


def exactly(conn, n):
    got = b''
    while len(got) < n:
        more = conn.recv(n - len(got))
        if not more:
            raise ConnectionError
        got += more
    return got


def frame(version, stream, opcode, body):
    return struct.pack('>BBhBI', 0x80 | version, 0, stream, opcode, len(body)) + body


def text(s):
    return struct.pack('>H', len(s)) + s.encode()


def cassandra(conn, kind):
    while True:
        version, _, stream, opcode, length = struct.unpack('>BBhBI', exactly(conn, 9))
        exactly(conn, length)
        if kind == 'old':
            # Protocol 2 has a header of 8 bytes and streams of one.
            body = struct.pack('>I', 0x0A) + text('Invalid or unsupported protocol version: %d' % version)
            conn.sendall(struct.pack('>BBbBI', 0x82, 0, 0, 0, len(body)) + body)
            time.sleep(0.1)
            return
        if kind == 'auth' and version > 4:    # its newer frames would be segments
            conn.sendall(frame(4, stream, 0, struct.pack('>I', 0x0A) + text('Invalid or unsupported protocol version')))
            return
        if kind == 'huge':
            conn.sendall(struct.pack('>BBhBI', 0x80 | version, 0, stream, 6, 0x7fffffff) + b'x' * 1000)
        elif kind == 'half':
            conn.sendall(frame(version, stream, 6, b'\0' * 100)[:20])
        elif opcode == 5:    # OPTIONS
            conn.sendall(frame(version, stream, 6, struct.pack('>H', 0)))
        elif opcode == 1:    # STARTUP
            conn.sendall(frame(version, stream, 3, text('org.apache.cassandra.auth.PasswordAuthenticator')))
        else:
            conn.sendall(frame(version, stream, 0, struct.pack('>I', 0x100) + text('no such login')))


def serve(conn, kind):
    try:
        if kind == 'silent':
            time.sleep(120)
        elif kind == 'http':
            conn.recv(4096)
            conn.sendall(b'HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<h1>no</h1>\r\n')
        elif kind == 'noise':
            conn.recv(4096)
            conn.sendall(bytes(range(256)) * 64)
        elif kind == 'tls':
            conn.recv(4096)
            conn.sendall(b'\x15\x03\x01\x00\x02\x02\x0a')
        elif kind != 'closing':
            cassandra(conn, kind)
    except OSError:
        pass
    finally:
        conn.close()


def main():
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(64)
    print(listener.getsockname()[1], flush=True)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, sys.argv[1]), daemon=True).start()


if __name__ == '__main__':
    main()
