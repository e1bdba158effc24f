"""Ours against a server that answers from memory: what the client costs apart from Cassandra."""
import os
import re
import shutil
import subprocess

from contestants import SOURCE, TARGET, said_of_apply


class NullServer:
    """tm-null in the background; on the second core where there is one."""

    def __init__(self, bench, *options):
        command = [bench.given.program / 'bench/tm-null', *map(str, options)]
        self.child = subprocess.Popen(on_core(1, command), stdout=subprocess.PIPE, text=True)
        self.at = f'127.0.0.1:{int(self.child.stdout.readline())}'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.communicate()


def on_core(number, command):
    command = list(map(str, command))
    return ['taskset', '-c', str(number), *command] if os.cpu_count() > 1 else command


class Ours:
    """The commands of one measurement, with a move directory of its own."""

    def __init__(self, bench, at):
        self.bench, self.at = bench, at
        self.move = bench.given.out / 'move'
        shutil.rmtree(self.move, ignore_errors=True)
        subprocess.run([bench.program, 'init', self.move, '--cassandra', at, '--source', SOURCE, '--target', TARGET],
                       check=True, stdout=subprocess.DEVNULL)

    def verb(self, name):
        if name == 'scan':
            return [self.bench.tool, 'scan', '--at', self.at, '--filter', 'client']
        return [self.bench.program, name, '--dir', self.move, '--quiet']

    def run(self, name):
        return self.bench.measurer.run(on_core(0, self.verb(name)))

    def instructions(self, name, *options):
        """Callgrind's count of the instructions of the program itself, not of the kernel's."""
        command = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', *options, *self.verb(name)]
        self.bench.measurer.run(command)
        return int(re.search(r'Collected : (\d+)', self.bench.measurer.log.read_text()).group(1))

    def allocations(self, name):
        count = self.bench.given.out / 'allocations'
        preload = str(self.bench.given.program / 'tests/liballocations.so')
        self.bench.measurer.run(['env', f'LD_PRELOAD={preload}', f'ALLOCATIONS={count}', *self.verb(name)])
        return int(count.read_text())


def memory(bench):
    """Every row is the tenant's, so that there are as many changes as rows."""
    for changes in (10_000, 100_000) if bench.given.quick else (100_000, 1_000_000, 10_000_000):
        with NullServer(bench, '--rows', changes, '--tenant', 100) as server:
            ours = Ours(bench, server.at)
            for name in ('plan', 'apply'):
                row = ours.run(name)
                bench.results.add(suite='memory', contestant=f'tenantmove {name}, {changes:,} changes', round=1,
                                  work=changes, **row)
                bench.say(f'memory: {name} of {changes:,}: {row["client_peak_mb"]:.1f} MB, {row["wall_s"]:.1f} s')
            shutil.rmtree(ours.move, ignore_errors=True)


def rates(bench):
    """Client and server on a core each."""
    scan_rows, changes = (200_000, 20_000) if bench.given.quick else (5_000_000, 500_000)
    for number in range(1, bench.given.runs + 1):
        for version in (5, 4):
            with NullServer(bench, '--rows', scan_rows, '--tenant', 10, '--version', version) as server:
                row = Ours(bench, server.at).run('scan')
                bench.results.add(suite='client', contestant=f'scan, protocol v{version}', round=number, work=scan_rows,
                                  **row)
        with NullServer(bench, '--rows', changes, '--tenant', 100) as server:
            ours = Ours(bench, server.at)
            for name in ('plan', 'apply'):
                row = ours.run(name)
                said = said_of_apply(ours.move) if name == 'apply' else {}
                bench.results.add(suite='client', contestant=f'{name}, every row a change', round=number, work=changes,
                                  **row, **said)


def growth(bench):
    sizes = (10_000, 100_000, 1_000_000) if bench.given.quick else (100_000, 1_000_000, 10_000_000, 100_000_000)
    for rows in sizes:
        with NullServer(bench, '--rows', rows, '--keys', min(rows, 10_000_000), '--tenant', 10) as server:
            row = Ours(bench, server.at).run('scan')
            bench.results.add(suite='client', contestant=f'scan of {rows:,} rows', round=1, work=rows, **row)
            bench.say(f'client: scan of {rows:,} rows: {row["wall_s"]:.2f} s')


def count(bench):
    """Per row and per change, as the difference between two sizes: what a start costs falls out."""
    least = 5_000 if bench.given.quick else 50_000
    found = {}
    for times in (1, 2):
        rows = least * times
        with NullServer(bench, '--rows', rows, '--tenant', 0) as server:
            ours = Ours(bench, server.at)
            found['scan', times] = ours.instructions('scan'), ours.allocations('scan')
        with NullServer(bench, '--rows', rows, '--tenant', 100) as server:
            found['plan', times] = Ours(bench, server.at).instructions('plan'), 0
            ours = Ours(bench, server.at)
            found['plan', times] = found['plan', times][0], ours.allocations('plan')
            written = ours.instructions('apply', '--toggle-collect=write_all')
        with NullServer(bench, '--rows', rows, '--tenant', 100) as server:
            ours = Ours(bench, server.at)
            ours.run('plan')
            found['apply', times] = written, ours.allocations('apply')
    names = {'scan': 'scan, per row', 'plan': 'plan, per change', 'apply': 'apply, writing, per change'}
    for name, title in names.items():
        instructions, allocations = ((found[name, 2][i] - found[name, 1][i]) / least for i in (0, 1))
        note = f'{instructions:,.0f} instructions, {allocations:.2f} heap allocations'
        bench.results.add(suite='client', contestant=title, round=1, note=note)
        bench.say(f'client: {title}: {note}')


def cost(bench):
    count(bench)
    rates(bench)
    growth(bench)
