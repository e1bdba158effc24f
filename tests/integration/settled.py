#!/usr/bin/python3
"""settled.py LEDGER N PID: waits until N changes of the ledger are settled, or that process has ended.

It looks into the file itself, since a start of the program takes longer than a batch.
"""
import os
import sqlite3
import sys
import time


def main():
    path, wanted, pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    while os.path.exists('/proc/%d' % pid) and open('/proc/%d/cmdline' % pid).read():    # empty once it has ended
        file = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
        try:
            if file.execute('SELECT coalesce(sum(last - first + 1), 0) FROM states WHERE state > 3').fetchone()[0] >= wanted:
                break
        except sqlite3.OperationalError:
            pass
        finally:
            file.close()
        time.sleep(0.01)


if __name__ == '__main__':
    main()
