"""What is measured: a name, the command, how to see that it did the whole job. Every command is a list; a pipeline is
one shell, whose children count as its own."""
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess

from server import COURSES

SOURCE, SOURCE_CHANNEL = '01241408242723225614', 'pilotrajasthan'
TARGET, TARGET_CHANNEL = '01246375399411712074', 'rj'
OTHER = '0126796199493140480'


class Contestant:
    """|prepare| runs before the clock; |right| after it, and says whether the whole job was done."""

    def __init__(self, name, command, right, prepare=None, peer=None, extra=None, log_is_output=False):
        self.name, self.command, self.right, self.prepare = name, command, right, prepare
        self.peer, self.extra, self.log_is_output = peer, extra, log_is_output


class Field:
    """All that the commands need to know: where things are, and the users' ids."""

    def __init__(self, program, tool, server, peers, folder, rows, tenant, batches):
        self.program, self.tool, self.server, self.peers = str(program), str(tool), server, peers
        self.folder, self.rows, self.tenant, self.batch_count = folder, rows, tenant, batches
        self.size = ['--rows', str(rows), '--tenant', str(tenant)]
        self.log = str(folder / 'last.log')
        self.move = folder / 'move'
        self.ids = self.output([self.tool, 'ids', *self.size]).split()
        self.write_inputs()

    @property
    def at(self):
        return f'127.0.0.1:{self.server.port}'

    def output(self, command):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def file(self, name):
        return str(self.folder / name)

    def write_inputs(self):
        lines = [f'{id},{TARGET},{TARGET_CHANNEL}\n' for id in self.ids]
        pathlib.Path(self.file('updates.csv')).write_text(''.join(lines))
        pathlib.Path(self.file('updates-header.csv')).write_text('id,r,c\n' + ''.join(lines))
        names = self.output([self.tool, 'batches', '--batches', str(self.batch_count)]).split()
        pathlib.Path(self.file('lists.csv')).write_text(
            ''.join(f'{name},{SOURCE} {OTHER},{TARGET} {OTHER}\n' for name in names))

    # ---- ours ----

    def init(self, keyspace=None):
        shutil.rmtree(self.move, ignore_errors=True)
        subprocess.run([self.program, 'init', str(self.move), '--cassandra', self.at, '--source', SOURCE, '--target',
                        TARGET], check=True, stdout=subprocess.DEVNULL)
        if keyspace:
            with open(self.move / 'move.yaml', 'a') as file:
                file.write(f'\nkeyspace: courses={keyspace}\n')

    def ours(self, verb, *options):
        return [self.program, verb, '--dir', str(self.move), *options]

    def plan(self, *options, keyspace=None):
        self.init(keyspace)
        subprocess.run(self.ours('plan', *options), check=True, stdout=subprocess.DEVNULL)

    def planned(self):
        """The ids in the CSV that a plan writes."""
        with open(self.move / 'user.csv') as file:
            next(file)
            return self.are_all(line.split(',', 2)[1] for line in file)

    # ---- what is right ----

    def are_all(self, ids):
        return sorted(ids) == sorted(self.ids)

    def found(self):
        with open(self.file('found')) as file:
            return self.are_all(file.read().split())

    def counted(self):
        with open(self.log) as file:
            return json.load(file)['found'] == len(self.ids)

    def applied(self):
        said = json.loads(self.output([self.tool, 'check', '--at', self.at, *self.size, '--equals', TARGET]))
        return said['read'] > 0 and said['found'] == said['read'] and said['failed'] == 0

    def lists_applied(self):
        query = f'SELECT createdfor FROM {COURSES}.course_batch'
        out = self.output(['/usr/bin/python3', 'tests/servers/cql.py', '--port', str(self.server.port), '-e', query])
        rows = out.split('\n')[:-1]
        return len(rows) == self.batch_count and all(row == f'["{TARGET}","{OTHER}"]' for row in rows)

    # ---- theirs ----

    def dsbulk(self, *words):
        return ['java', '-cp', self.peers.dsbulk, 'com.datastax.oss.dsbulk.runner.DataStaxBulkLoader', *words, '-h',
                '127.0.0.1', '-port', str(self.server.port), '-logDir', self.file('dsbulk')]

    def unload(self, query):
        shutil.rmtree(self.file('unloaded'), ignore_errors=True)
        words = self.dsbulk('unload', '-query', query, '-header', 'false', '-url', self.file('unloaded'))
        return shell(words, f"cat {self.file('unloaded')}/* > {self.file('found')}")

    def cqlsh(self, text):
        return [f'{self.peers.python}/python', f'{self.peers.python}/cqlsh', '127.0.0.1', str(self.server.port), '-e',
                text]

    def old_job(self, *words):
        return [f'{self.peers.python}/python', 'bench/peers/old_job.py', words[0], str(self.server.port), *words[1:]]

    def expert(self, job, mode, *words):
        return [self.peers.expert and str(self.peers.expert), job, mode, self.at, *words]

    # ---- the tables ----

    def finders(self):
        query = f"select id from sunbird.user where rootorgid = '{SOURCE}' allow filtering"
        by_token = f"select id from sunbird.user where token(id) > :start and token(id) <= :end " \
                   f"and rootorgid = '{SOURCE}' allow filtering"
        pick = f"awk -F, -v t={SOURCE} '{{ sub(/\\r$/, \"\") }} $2 == t {{ print $1 }}' {self.file('all.csv')} > " \
               f"{self.file('found')}"
        copy = f"COPY sunbird.user(id, rootorgid) TO '{self.file('all.csv')}'"
        python, dsbulk, expert = self.peers.python, self.peers.dsbulk, self.peers.expert
        return [
            Contestant('tenantmove plan', lambda: self.ours('plan', '--quiet'), self.planned, self.init, True),
            Contestant('tenantmove, its scan alone',
                       lambda: [self.tool, 'scan', '--at', self.at], self.counted, None, True, log_is_output=True),
            Contestant("expert's Rust, filter in the server",
                       lambda: self.expert('find', 'server', SOURCE, self.file('found')), self.found, None, expert),
            Contestant("expert's Rust, filter in the client",
                       lambda: self.expert('find', 'client', SOURCE, self.file('found')), self.found, None, expert),
            Contestant("the old job's query, Python driver",
                       lambda: self.old_job('find', SOURCE, self.file('found')), self.found, None, python),
            Contestant('dsbulk unload, with token()', lambda: self.unload(by_token), self.found, None, dsbulk),
            Contestant('dsbulk unload, without token()', lambda: self.unload(query), self.found, None, dsbulk),
            Contestant('cqlsh COPY TO, awk', lambda: shell(self.cqlsh(copy), pick), self.found, None, python),
        ]

    def appliers(self):
        update = 'update sunbird.user set rootorgid = :r, channel = :c where id = :id'
        copy = f"COPY sunbird.user(id, rootorgid, channel) FROM '{self.file('updates.csv')}'"
        load = self.dsbulk('load', '-query', update, '-header', 'true', '-url', self.file('updates-header.csv'))
        python, dsbulk, expert = self.peers.python, self.peers.dsbulk, self.peers.expert
        updates = self.file('updates.csv')
        return [
            Contestant('tenantmove apply', lambda: self.ours('apply', '--quiet'), self.applied, self.plan, True,
                       extra=lambda: said_of_apply(self.move)),
            Contestant("expert's Rust, plain", lambda: self.expert('apply', 'plain', SOURCE, updates), self.applied,
                       None, expert),
            Contestant("expert's Rust, with timestamp", lambda: self.expert('apply', 'timestamp', SOURCE, updates),
                       self.applied, None, expert),
            Contestant("expert's Rust, conditional", lambda: self.expert('apply', 'conditional', SOURCE, updates),
                       self.applied, None, expert),
            Contestant('cqlsh COPY FROM', lambda: self.cqlsh(copy), self.applied, None, python),
            Contestant('dsbulk load', lambda: load, self.applied, None, dsbulk),
            Contestant('dsbulk load, no batches', lambda: [*load, '--batch.mode', 'DISABLED'], self.applied, None,
                       dsbulk),
            Contestant("the old job's batches, Python driver", lambda: self.old_job('apply', updates), self.applied,
                       None, python),
        ]

    def list_appliers(self):
        return [
            Contestant('tenantmove apply, lists', lambda: self.ours('apply', '--quiet'), self.lists_applied,
                       lambda: self.plan(keyspace=COURSES), True, extra=lambda: said_of_apply(self.move)),
            Contestant("expert's Rust, lists, conditional",
                       lambda: self.expert('lists', 'conditional', COURSES, self.file('lists.csv')),
                       self.lists_applied, None, self.peers.expert),
        ]


def shell(words, then):
    quoted = ' '.join("'" + str(word).replace("'", "'\\''") + "'" for word in words)
    return ['bash', '-c', f'{quoted} && {then}']


def stopped(seconds, words):
    """Ours, interrupted after so long: 4 says that the same command would go on."""
    return ['bash', '-c', 'timeout --preserve-status -s INT "$@"; code=$?; [ $code = 0 ] || [ $code = 4 ]', 'stopped',
            str(seconds), *words]


def done_so_far(move, verb):
    """What a run that may have been interrupted has read, or settled."""
    asked = {'plan': 'SELECT sum(row_count) FROM ranges WHERE pass = 1',
             'apply': 'SELECT sum(last - first + 1) FROM states WHERE state > 3'}
    ledger = sqlite3.connect(f'file:{move}/ledger.db?mode=ro', uri=True)
    done = ledger.execute(asked[verb]).fetchone()[0] or 0
    ledger.close()
    return {'work': done, 'note': f'{done:,} {"rows read" if verb == "plan" else "changes settled"} in the last run'}


def said_of_apply(move):
    """How much of it was writing: ours alone scans again afterwards, to see that nothing is left."""
    said = re.findall(r'(\d+) changes in (\d+) us, of which writing took (\d+) us', (move / 'log.ndjson').read_text())
    if not said:
        return {}
    changes, all_us, writing_us = map(int, said[-1])
    return {'note': f'writing {writing_us / 1e6:.2f} s, {changes * 1e6 / max(writing_us, 1):,.0f}/s; the rest is the '
                    f'check of the plan, the closing scan and the list of documents', 'writing_s': writing_us / 1e6}
