"""The benchmark: see script/bench --help, which calls this."""
import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

import client
import contestants
import measure
import report
from peers import Peers, versions
from server import COURSES, ROOT, Server

SUITES = ['find', 'apply', 'neighbour', 'memory', 'client']
GENTLE_SECONDS = 20  # a throttled run is stopped then: it is the neighbour that is measured
REST = 0.7  # seconds between two contestants: what the server still does for the one is not the other's


def arguments():
    parser = argparse.ArgumentParser(prog='script/bench', add_help=False)
    parser.add_argument('suites', nargs='*')
    parser.add_argument('--rows', type=int)
    parser.add_argument('--runs', type=int)
    parser.add_argument('--tenant', type=int, default=10)
    parser.add_argument('--batches', type=int)
    parser.add_argument('--only')
    parser.add_argument('--heap', default='2G')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--out', type=pathlib.Path, default=ROOT / 'bench-results')
    parser.add_argument('--program', type=pathlib.Path, default=ROOT / 'build-release')
    given = parser.parse_args()
    unknown = [suite for suite in given.suites if suite not in SUITES]
    if unknown or not 0 < given.tenant <= 100:
        parser.error(f'no such suite: {unknown[0]}' if unknown else '--tenant is a percentage')
    given.suites = given.suites or SUITES
    given.rows = given.rows or (50_000 if given.quick else 1_000_000)
    given.runs = given.runs or (2 if given.quick else 5)
    given.batches = given.batches if given.batches is not None else (500 if given.quick else 20_000)
    given.out = given.out.resolve()
    return given


class Bench:
    def __init__(self, given):
        self.given = given
        given.out.mkdir(parents=True, exist_ok=True)
        self.results = report.Results(given.out / 'results.csv')
        self.server = Server(given.out / 'scratch', given.heap)
        self.program, self.tool = given.program / 'tenantmove', given.program / 'bench/tm-bench'
        self.measurer = measure.Measurer(given.program / 'bench/tm-measure', given.out)
        self.field = None

    def say(self, text):
        print(f'{time.strftime("%H:%M:%S")} {text}', flush=True)

    # ---- Cassandra ----

    def open_field(self):
        """Starts the server and loads it, once."""
        if self.field:
            return
        given = self.given
        peers = Peers(given.out / 'peers.log')
        self.server.up()
        schema = (ROOT / 'tests/schema/generation-3.cql').read_text()
        self.server.cql(schema)
        self.server.cql(schema.replace('sunbird_courses', COURSES))
        at = f'127.0.0.1:{self.server.port}'
        self.say(f'loading {given.rows:,} users')
        subprocess.run([self.tool, 'load', '--at', at, '--rows', str(given.rows), '--tenant', str(given.tenant),
                        '--batches', str(given.batches), '--keyspace', COURSES], check=True)
        self.server.keep('sunbird', 'user', 'user')
        if given.batches:
            self.server.keep(COURSES, 'course_batch', 'course_batch')
        self.field = contestants.Field(self.program, self.tool, self.server, peers, given.out, given.rows,
                                       given.tenant, given.batches)
        self.warm()

    def warm(self):
        """A server that has just started is several times slower: what is measured is the steady state."""
        field, rounds = self.field, 1 if self.given.quick else 6
        self.say('warming the server up')
        for _ in range(rounds):
            self.measurer.run([field.tool, 'scan', '--at', field.at])
            field.plan('--quiet')
            self.measurer.run(field.ours('apply', '--quiet'))
            self.server.restore('sunbird', 'user', 'user')
            field.output([field.tool, 'check', '--at', field.at, *field.size])

    def chosen(self, all_of_them):
        if not self.given.only:
            return [c for c in all_of_them if c.peer]
        words = self.given.only.split(',')
        return [c for c in all_of_them if c.peer and any(word in c.name for word in words)]

    def measure_one(self, suite, contestant, number, work, neighbour=False):
        field = self.field
        if contestant.prepare:
            contestant.prepare()
        command = contestant.command()
        time.sleep(REST)
        reader = self.start_reader() if neighbour else None
        row = {'suite': suite, 'contestant': contestant.name, 'round': number, 'work': work}
        try:
            row.update(self.measurer.run(command, pid=self.server.pid))
            row['right'] = bool(contestant.right())
            if contestant.extra:
                row.update(contestant.extra())
        except (measure.Failed, OSError, ValueError, subprocess.CalledProcessError) as error:
            row.update(right=False, note=str(error)[:200].replace('\n', ' '))
        if reader:
            row.update(self.end_reader(reader))
        self.results.add(**row)
        self.say(f'{suite} {contestant.name}: {row.get("wall_s", 0):.2f} s{"" if row["right"] else "  NOT RIGHT"}')

    def take_turns(self, suite, all_of_them, work, before=None, neighbour=False):
        """Each round in another order, so that no contestant always follows the same one."""
        list_of_them = self.chosen(all_of_them)
        for number in range(1, self.given.runs + 1):
            shift = (number - 1) * max(1, len(list_of_them) // 3) % max(1, len(list_of_them))
            for contestant in list_of_them[shift:] + list_of_them[:shift]:
                if before:
                    before()
                self.measure_one(suite, contestant, number, work, neighbour)

    def restore_users(self):
        self.server.restore('sunbird', 'user', 'user')
        self.field.output([self.field.tool, 'check', '--at', self.field.at, *self.field.size])

    def restore_lists(self):
        self.server.restore(COURSES, 'course_batch', 'course_batch')

    def find(self):
        self.open_field()
        self.restore_users()
        self.take_turns('find', self.field.finders(), self.given.rows)

    def apply(self):
        self.open_field()
        self.take_turns('apply', self.field.appliers(), len(self.field.ids), self.restore_users)
        if self.given.batches:
            # Only the lists: the users are empty meanwhile, so that apply's closing scan is of the lists.
            self.server.cql('TRUNCATE sunbird.user')
            self.take_turns('lists', self.field.list_appliers(), self.given.batches, self.restore_lists)
            self.restore_users()

    # ---- the neighbour ----

    def start_reader(self, seconds=0):
        return subprocess.Popen([self.tool, 'reads', '--at', self.field.at, *self.field.size, '--seconds', str(seconds)],
                                stdout=subprocess.PIPE, text=True)

    def end_reader(self, reader, wait=False):
        if not wait:
            reader.send_signal(signal.SIGTERM)
        out, _ = reader.communicate()
        said = json.loads(out) if out else {}
        return {'reads': said.get('reads', 0), 'reads_failed': said.get('failed', 0), 'p50_ms': said.get('p50_ms'),
                'p99_ms': said.get('p99_ms'), 'max_ms': said.get('max_ms')}

    def neighbour(self):
        self.open_field()
        self.restore_users()
        idle, p99 = 3 if self.given.quick else 15, []
        for number in range(1, self.given.runs + 1):
            said = self.end_reader(self.start_reader(idle), wait=True)
            self.results.add(suite='neighbour', contestant='idle', round=number, **said)
            p99.append(said['p99_ms'])
        # The goal is a tenth more than without us. Probe reads are of small rows of a small table, and faster than these.
        self.throttles = ('max-rate', '20000'), ('max-latency', f'{0.75 * statistics.median(p99):.1f}')
        self.take_turns('neighbour', self.gentle(self.field.finders(), 'plan'), self.given.rows, None, True)
        self.take_turns('neighbour', self.gentle(self.field.appliers(), 'apply'), len(self.field.ids),
                        self.restore_users, True)

    def gentle(self, all_of_them, verb):
        """And ours, throttled, where this program can be."""
        field, known = self.field, self.field.output([str(self.program), 'help', 'settings'])
        for option, value in self.throttles:
            if not re.search(rf'^ *(--)?{option}\b', known, re.M):
                self.say(f'neighbour: this program has no --{option}: left out')
                continue
            all_of_them.append(contestants.Contestant(
                f'tenantmove {verb}, --{option} {value}',
                lambda option=option, value=value: contestants.stopped(
                    GENTLE_SECONDS, field.ours(verb, '--quiet', f'--{option}', value)),
                lambda: True, field.init if verb == 'plan' else field.plan, True,
                lambda: contestants.done_so_far(field.move, verb)))
        return all_of_them

    # ---- against the null server ----

    def memory(self):
        client.memory(self)

    def client(self):
        client.cost(self)


def head(given):
    version = versions()
    words = ' '.join(word if ' ' not in word else f'"{word}"' for word in sys.argv[1:])
    program = subprocess.run([given.program / 'tenantmove', '--version'], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(['git', 'describe', '--always', '--dirty'], cwd=ROOT, capture_output=True,
                            text=True).stdout.strip()
    return f'''# Benchmark

{time.strftime("%Y-%m-%d", time.gmtime())}, `script/bench {words}`. {program} ({commit}), release build. {report.machine()}.
Client and server share the machine.

Cassandra {version["CASSANDRA_5"]}, one node, {given.heap} heap, G1; {given.rows:,} users of 20 columns and about 450 bytes,
{given.tenant} % of them in the tenant. dsbulk {version["DSBULK"]}, cqlsh {version["CQLSH"]}, Python driver
{version["CASSANDRA_DRIVER"]}, the Rust program with the `scylla` crate (bench/peers/rust). Each figure is the median of
its runs (smallest to largest); contestants took turns. Before each apply the table was put back to the same single
SSTable, the server running on. "right": every find gave exactly the tenant's ids, after every apply a tenth of them was
read back. Peak memory is that of the largest process of a contestant, server CPU includes what the server did besides.'''


def main():
    given = arguments()
    os.chdir(ROOT)
    bench = Bench(given)
    started = time.monotonic()
    try:
        for suite in given.suites:
            getattr(bench, suite)()
    finally:
        bench.server.down()
        text = report.document(bench.results, head(given))
        (given.out / 'benchmarks.md').write_text(text)
        (given.out / 'benchmarks.svg').write_text(report.plot(bench.results))
        print('\n' + text)
        print(f'took {time.monotonic() - started:.0f} s; {given.out}/results.csv, benchmarks.md, benchmarks.svg')
    wrong = [row for row in bench.results.rows if not row.get('right', True)]
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
