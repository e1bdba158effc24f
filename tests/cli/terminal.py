#!/usr/bin/env python3
"""Runs a command on a terminal of its own, and types into it.

usage: terminal.py WAIT KEYS COMMAND...

When WAIT stands on the terminal, types KEYS (\\n, \\x03 ... as in Python). Prints what stood there, how the command
ended, and whether the terminal still shows what is typed.
"""
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time

TIME_LIMIT_S = 60


def main(wait, keys, command):
    screen, side = pty.openpty()
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(side, termios.TIOCSCTTY, 0))
    shown, typed, end = b"", False, time.monotonic() + TIME_LIMIT_S
    while True:
        has_ended = process.poll() is not None
        if select.select([screen], [], [], 0.1)[0]:
            shown += os.read(screen, 65536)
        elif has_ended:
            break
        if not typed and wait in shown:
            os.write(screen, keys)
            typed = True
        if time.monotonic() > end:
            process.kill()
    sys.stdout.write(shown.decode("utf-8", "replace").replace("\r\n", "\n"))
    print("exit", process.returncode)
    print("echo", "on" if termios.tcgetattr(side)[3] & termios.ECHO else "off")


main(sys.argv[1].encode(), sys.argv[2].encode().decode("unicode_escape").encode(), sys.argv[3:])
