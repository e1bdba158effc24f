#!/usr/bin/python3
"""proxy.py HOST PORT [DELAY_MS]: carries connections from HOST to 127.0.0.1:PORT, and can hold and cut them.

Prints its port, and the port where it takes commands, one a line:
hold    carry nothing any more (connections stay)      cut     close all connections, and carry again
count   print how many connections there were so far   open    print how many are open
DELAY_MS: each piece from the server comes so much later.
"""
import socket
import sys
import threading
import time

flow = threading.Event()
pairs = set()
lock = threading.Lock()
count = 0


def carry(a, b, delay, pair):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            time.sleep(delay)
            flow.wait()
            b.sendall(data)
    except OSError:
        pass
    close(pair)


def close(pair):
    with lock:
        pairs.discard(pair)
    for one in pair:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def command(line):
    if line == 'hold':
        flow.clear()
    elif line == 'cut':
        for pair in list(pairs):
            close(pair)
        flow.set()
    elif line == 'open':
        return len(pairs)
    return count


def control(listener):
    while True:
        conn, _ = listener.accept()
        with conn, conn.makefile('rw') as file:
            for line in file:
                print(command(line.strip()), file=file, flush=True)


def listen(host):
    listener = socket.socket()
    listener.bind((host, 0))
    listener.listen(64)
    return listener


def main():
    global count
    delay = float(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0
    listener, controller = listen(sys.argv[1]), listen('127.0.0.1')
    flow.set()
    threading.Thread(target=control, args=(controller,), daemon=True).start()
    print(listener.getsockname()[1], controller.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        count += 1
        server = socket.create_connection(('127.0.0.1', int(sys.argv[2])))
        pair = (client, server)
        with lock:
            pairs.add(pair)
        threading.Thread(target=carry, args=(client, server, 0, pair), daemon=True).start()
        threading.Thread(target=carry, args=(server, client, delay, pair), daemon=True).start()


if __name__ == '__main__':
    main()
