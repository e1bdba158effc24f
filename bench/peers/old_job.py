"""What the old jobs do, through the Python driver.

usage: old_job.py find PORT SOURCE OUT       the one query with ALLOW FILTERING, page after page
       old_job.py apply PORT FILE            unlogged batches by partition key (so of one row each), five in flight
"""
import sys

from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.concurrent import execute_concurrent
from cassandra.query import BatchStatement, BatchType, SimpleStatement, tuple_factory

IN_FLIGHT = 5
PAGE_ROWS = 5000


def find(session, source, out):
    query = SimpleStatement(f"SELECT id FROM sunbird.user WHERE rootorgid = '{source}' ALLOW FILTERING",
                            fetch_size=PAGE_ROWS)
    with open(out, 'w') as file:
        file.writelines(id + '\n' for id, in session.execute(query))


def batches(update, path):
    with open(path) as file:
        for line in file:
            id, root, channel = line.rstrip().split(',')
            batch = BatchStatement(BatchType.UNLOGGED)
            batch.add(update, (root, channel, id))
            yield batch, ()


def apply(session, path):
    update = session.prepare('UPDATE sunbird.user SET rootorgid = ?, channel = ? WHERE id = ?')
    for success, answer in execute_concurrent(session, batches(update, path), concurrency=IN_FLIGHT,
                                              results_generator=True):
        if not success:
            raise answer


def main(job, port, *rest):
    profile = ExecutionProfile(request_timeout=120, row_factory=tuple_factory)
    cluster = Cluster(['127.0.0.1'], port=int(port), protocol_version=5,
                      execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    {'find': find, 'apply': apply}[job](cluster.connect(), *rest)
    cluster.shutdown()


if __name__ == '__main__':
    main(*sys.argv[1:])
