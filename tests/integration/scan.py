#!/usr/bin/python3
"""scan.py: rows that are hard to scan, and what a ledger says of a scan. See scan.sh."""
import sqlite3
import sys
import time

OLD = '01241408242723225614'
BATCH = 250


def connect(port):
    from cassandra.cluster import Cluster    # slow to load: until_read is in a hurry
    session = Cluster(['127.0.0.1'], port=int(port)).connect()
    session.default_timeout = 120
    return session


def tombstones(port, user, count):
    """One partition of that many deleted rows, with a row of the old tenant behind them."""
    session = connect(port)
    delete = "DELETE FROM sunbird.user_organisation WHERE userid = '%s' AND organisationid = '%s'"
    batches = []
    for first in range(0, int(count), BATCH):
        rows = [delete % (user, '%08d' % (i * 2)) for i in range(first, first + BATCH)]
        batches.append('BEGIN UNLOGGED BATCH ' + '; '.join(rows) + '; APPLY BATCH')
    for batch in batches:
        session.execute(batch)
    session.execute("INSERT INTO sunbird.user_organisation (userid, organisationid, hashtagid) VALUES (%s, %s, 'x')",
                    (user, OLD))


def insert_all(session, statement, rows):
    from cassandra.concurrent import execute_concurrent_with_args
    execute_concurrent_with_args(session, statement, rows, concurrency=16)


def wide(port, user, megabytes):
    """One partition of that size, in rows of 100,000 bytes; the last one is of the old tenant."""
    session = connect(port)
    insert = session.prepare('INSERT INTO sunbird.user_organisation (userid, organisationid, position) VALUES (?, ?, ?)')
    rows = int(megabytes) * 10
    text = 'x' * 100000
    insert_all(session, insert, ((user, '9%07d' % i, text) for i in range(rows)))
    session.execute(insert, (user, OLD, 'small'))


def many(port, count):
    """Small rows of users, one in ten of the old tenant."""
    session = connect(port)
    one = 'INSERT INTO sunbird.user (id, rootorgid) VALUES (?, ?); '
    insert = session.prepare('BEGIN UNLOGGED BATCH ' + one * BATCH + 'APPLY BATCH')
    batches = ([v for i in range(first, first + BATCH) for v in ('u%d' % i, OLD if i % 10 == 0 else 'other')]
               for first in range(0, int(count), BATCH))
    insert_all(session, insert, batches)


def rows_read(ledger):
    """How many rows of users the ledger knows as read."""
    try:
        file = sqlite3.connect('file:%s?mode=ro' % ledger, uri=True, timeout=20)
        return file.execute("SELECT coalesce(sum(row_count), 0) FROM ranges WHERE rule = 'user'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def read(ledger):
    print(rows_read(ledger))


def until_read(ledger, rows, pid):
    """Waits until so many rows are read, or the process has ended."""
    try:
        while open('/proc/%s/cmdline' % pid).read() and rows_read(ledger) < int(rows):
            time.sleep(0.01)
    except FileNotFoundError:
        pass


if __name__ == '__main__':
    globals()[sys.argv[1]](*sys.argv[2:])
