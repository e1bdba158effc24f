#!/usr/bin/env python3
"""A TCP proxy on loopback whose wire gets slow, or is cut.

usage: slow_proxy.py PORT FILE

Forwards 127.0.0.1:(a free port, printed) to 127.0.0.1:PORT. FILE is read again and again: a number is how many
milliseconds the answers are late; `cut` closes all connections and takes none until it says something else.
"""
import asyncio
import pathlib
import sys

LOOK_S = 0.02
late_s = 0.0
is_cut = False
open_writers = set()


async def look(path):
    global late_s, is_cut
    while True:
        try:
            word = path.read_text().strip()
        except OSError:
            word = "0"
        is_cut = word == "cut"
        if is_cut:
            for writer in list(open_writers):
                writer.close()
        elif word:
            late_s = float(word) / 1000
        await asyncio.sleep(LOOK_S)


async def forward(reader, writer, is_late):
    """Chunks leave in their order, each when it is due; the reading goes on meanwhile."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue(maxsize=1024)

    async def send():
        while True:
            due, chunk = await queue.get()
            if not chunk:
                break
            await asyncio.sleep(max(0, due - loop.time()))
            writer.write(chunk)
            await writer.drain()
        writer.close()

    sender = asyncio.create_task(send())
    try:
        while True:
            chunk = await reader.read(65536)
            await queue.put((loop.time() + (late_s if is_late else 0), chunk))
            if not chunk:
                break
    except OSError:
        await queue.put((0, b""))
    await asyncio.gather(sender, return_exceptions=True)


async def serve(port, reader, writer):
    if is_cut:
        writer.close()
        return
    try:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    open_writers.update({writer, to_writer})
    await asyncio.gather(forward(reader, to_writer, False), forward(to_reader, writer, True), return_exceptions=True)
    open_writers.difference_update({writer, to_writer})


async def main():
    port, path = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    server = await asyncio.start_server(lambda r, w: serve(port, r, w), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await look(path)


if __name__ == "__main__":
    asyncio.run(main())
