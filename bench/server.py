"""The one Cassandra of a run, by script/server in a scratch folder of its own, and its tables' states."""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import time

import measure

ROOT = pathlib.Path(__file__).resolve().parent.parent
COURSES = 'bench_courses'
# Nearer to a real node than what the tests start: a heap that does not collect all the time, G1, default threads.
JAVA = '-XX:-UseSerialGC -XX:+UseG1GC -XX:MaxGCPauseMillis=300 -XX:+AlwaysPreTouch'
SETTINGS = '''num_tokens: 16
commitlog_sync_period_in_ms: 10000
commitlog_segment_size_in_mb: 32
commitlog_total_space_in_mb: 2048
concurrent_reads: 32
concurrent_writes: 32
concurrent_compactors: 2
file_cache_size_in_mb: 256
key_cache_size_in_mb: 64
memtable_heap_space_in_mb: 512
memtable_offheap_space_in_mb: 512
read_request_timeout_in_ms: 20000
range_request_timeout_in_ms: 60000
write_request_timeout_in_ms: 20000
request_timeout_in_ms: 60000'''


class Server:
    def __init__(self, scratch, heap):
        self.scratch = scratch
        self.environment = dict(os.environ, TENANTMOVE_SCRATCH=str(scratch), TENANTMOVE_CASSANDRA_HEAP=heap,
                                CASSANDRA_JAVA=f'{JAVA} -Xms{heap}', CASSANDRA_SETTINGS=SETTINGS)
        self.folder = scratch / 'servers' / 'cassandra'
        self.port = self.pid = None

    def script(self, *words):
        subprocess.run([ROOT / 'script/server', *words], env=self.environment, check=True)

    def up(self):
        self.script('wipe', 'cassandra')
        self.script('up', 'cassandra')
        self.port = int((self.folder / 'port').read_text())
        self.pid = int((self.folder / 'pid').read_text())

    def down(self):
        if self.pid:
            self.script('down', 'cassandra')

    def cql(self, text):
        subprocess.run(['/usr/bin/python3', ROOT / 'tests/servers/cql.py', '--port', str(self.port), '-e', text],
                       check=True, stdout=subprocess.DEVNULL)

    def nodetool(self, *words):
        """The server's own command line tells which Java, which options and which class path."""
        command = pathlib.Path(f'/proc/{self.pid}/cmdline').read_text().split('\0')[:-1]
        jmx = next(re.sub('.*=', '', word) for word in command if word.startswith('-Dcassandra.jmx.local.port='))
        unwanted = ('-X', '-D', '-javaagent:')
        java = [word for word in command[:-1] if not word.startswith(unwanted)]
        subprocess.run([*java, '-Xmx128M', '-XX:TieredStopAtLevel=1', 'org.apache.cassandra.tools.NodeTool', '-p', jmx,
                        *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def data(self, keyspace, table):
        return pathlib.Path(glob.glob(f'{self.folder}/data/data/{keyspace}/{table}-*')[0])

    def wait_for(self, keyspace, table, count):
        """Until the table has so many SSTables. An SSTable's files go one after the other, and then the log of what
        is deleted: each that is left counts."""
        deadline = time.monotonic() + 120
        while len({file.name.rpartition('-')[0] for file in self.data(keyspace, table).iterdir()
                   if file.is_file()}) != count:
            if time.monotonic() > deadline:
                raise measure.Failed(f'{keyspace}.{table} has not come down to {count} SSTables')
            time.sleep(0.05)

    def keep(self, keyspace, table, name):
        """Makes one SSTable of the table as it is now, and keeps it as |name|."""
        self.nodetool('flush', keyspace, table)
        self.nodetool('compact', keyspace, table)
        # Those that were compacted are deleted a little later.
        self.wait_for(keyspace, table, 1)
        kept = self.scratch / 'kept' / name
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for file in self.data(keyspace, table).iterdir():
            if file.is_file():
                os.link(file, kept / file.name)

    def restore(self, keyspace, table, name):
        """Puts a table back to what was kept. The server runs on, so that it stays as warm as it was."""
        self.cql(f'TRUNCATE {keyspace}.{table}')
        self.wait_for(keyspace, table, 0)
        folder = self.data(keyspace, table)
        for file in (self.scratch / 'kept' / name).iterdir():
            os.link(file, folder / file.name)
        self.nodetool('refresh', keyspace, table)
