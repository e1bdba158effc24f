"""Results as they are (CSV), what they come to (a table), and a picture of it (SVG)."""
import csv
import html
import os
import platform
import statistics

FIELDS = ['suite', 'contestant', 'round', 'right', 'work', 'wall_s', 'writing_s', 'per_second', 'client_cpu_s', 'client_user_s',
          'client_system_s', 'client_peak_mb', 'server_cpu_s', 'reads', 'reads_failed', 'p50_ms', 'p99_ms', 'max_ms',
          'note']
TITLES = {
    'find': 'Find the rows of one tenant',
    'apply': 'Apply the updates',
    'lists': 'Apply to lists, under a condition',
    'neighbour': 'Steady reads of other rows, meanwhile',
    'memory': 'Memory',
    'client': "The client's own cost (null server)",
}


class Results:
    """Every run goes into the CSV at once, so that an interrupted benchmark loses nothing."""

    def __init__(self, path):
        self.rows = []
        self.file = open(path, 'w', newline='')
        self.csv = csv.DictWriter(self.file, FIELDS)
        self.csv.writeheader()

    def add(self, **row):
        if row.get('work') and row.get('wall_s'):
            row['per_second'] = row['work'] / row['wall_s']
        self.rows.append(row)
        self.csv.writerow({key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()})
        self.file.flush()

    def suites(self):
        return list(dict.fromkeys(row['suite'] for row in self.rows))

    def of(self, suite):
        """contestant -> its rows, in the order of the first run."""
        found = {}
        for row in self.rows:
            if row['suite'] == suite:
                found.setdefault(row['contestant'], []).append(row)
        return found


def values(rows, field):
    return [row[field] for row in rows if row.get(field) not in (None, '')]


def median(rows, field):
    found = values(rows, field)
    return statistics.median(found) if found else None


def spread(rows, field, digits=2):
    found = values(rows, field)
    if not found:
        return ''
    middle = f'{statistics.median(found):,.{digits}f}'
    return middle if len(found) == 1 else f'{middle} ({min(found):,.{digits}f} to {max(found):,.{digits}f})'


def micro(rows):
    found = [1e6 * row['client_cpu_s'] / row['work'] for row in rows if row.get('client_cpu_s') and row.get('work')]
    return f'{statistics.median(found):.2f}' if found else ''


COLUMNS = [
    ('contestant', lambda name, rows: name),
    ('runs', lambda name, rows: str(len(rows))),
    ('right', lambda name, rows: 'yes' if all(row.get('right', True) for row in rows) else 'NO'),
    ('wall s', lambda name, rows: spread(rows, 'wall_s')),
    ('of it writing s', lambda name, rows: spread(rows, 'writing_s')),
    ('rows/s', lambda name, rows: spread(rows, 'per_second', 0)),
    ('client CPU s', lambda name, rows: spread(rows, 'client_cpu_s')),
    ('client CPU µs/row', lambda name, rows: micro(rows)),
    ('client peak MB', lambda name, rows: spread(rows, 'client_peak_mb', 0)),
    ('server CPU s', lambda name, rows: spread(rows, 'server_cpu_s', 1)),
    ('p50 ms', lambda name, rows: spread(rows, 'p50_ms')),
    ('p99 ms', lambda name, rows: spread(rows, 'p99_ms')),
    ('note', lambda name, rows: next((row['note'] for row in rows if row.get('note')), '')),
]


def table(results, suite):
    """Markdown; columns that nobody filled are left out."""
    lines = [[make(name, rows) for _, make in COLUMNS] for name, rows in results.of(suite).items()]
    used = [i for i in range(len(COLUMNS)) if any(line[i] for line in lines)]
    width = [max(len(line[i]) for line in [*lines, [title for title, _ in COLUMNS]]) for i in range(len(COLUMNS))]

    def print_line(cells):
        return '| ' + ' | '.join(cells[i].ljust(width[i]) for i in used) + ' |'

    return '\n'.join([print_line([title for title, _ in COLUMNS]),
                      '|' + '|'.join('-' * (width[i] + 2) for i in used) + '|',
                      *map(print_line, lines)])


def machine():
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    name = platform.machine()
    with open('/proc/cpuinfo') as file:
        for line in file:
            if line.startswith('model name'):
                name = line.split(':', 1)[1].strip()
                break
    with open('/etc/os-release') as file:
        system = dict(line.rstrip().split('=', 1) for line in file if '=' in line).get('PRETTY_NAME', '').strip('"')
    return f'{os.cpu_count()} cores ({name}), {memory:.0f} GiB of memory, {system}, Linux {platform.release().split("-")[0]}'


def document(results, head):
    parts = [head]
    if any(suite in PLOTTED for suite in results.suites()):
        parts.append('![medians, and the smallest and largest of each](benchmarks.svg)')
    for suite in results.suites():
        parts.append(f'## {TITLES[suite]}\n\n{table(results, suite)}')
    return '\n\n'.join(parts) + '\n'


# ---- the picture ----

WIDTH, NAME_WIDTH, BAR, GAP, TITLE = 900, 290, 16, 8, 34
PLOTTED = {'find': ('wall_s', 's'), 'apply': ('wall_s', 's'), 'lists': ('wall_s', 's'), 'neighbour': ('p99_ms', 'ms')}


def bar(y, name, found, scale, unit):
    middle, low, high = statistics.median(found), min(found), max(found)
    colour = '#2f6f4f' if name.startswith('tenantmove') else '#9aa5ad'
    x = NAME_WIDTH
    return (f'<text x="{x - 8}" y="{y + 12}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="{x}" y="{y}" width="{middle * scale:.1f}" height="{BAR}" fill="{colour}"/>'
            f'<path d="M{x + low * scale:.1f} {y + BAR / 2}H{x + high * scale:.1f}" stroke="#1c2226" stroke-width="1.5"/>'
            f'<text x="{x + high * scale + 6:.1f}" y="{y + 12}">{middle:.2f} {unit}</text>')


def plot(results):
    """One chart a suite: medians as bars, smallest to largest as lines."""
    y, parts = 10, []
    for suite in results.suites():
        if suite not in PLOTTED:
            continue
        field, unit = PLOTTED[suite]
        found = {name: values(rows, field) for name, rows in results.of(suite).items()}
        found = {name: v for name, v in found.items() if v}
        if not found:
            continue
        scale = (WIDTH - NAME_WIDTH - 90) / (max(max(v) for v in found.values()) or 1)
        parts.append(f'<text x="10" y="{y + 16}" font-weight="bold">{html.escape(TITLES[suite])}, {unit}</text>')
        y += TITLE
        for name, v in sorted(found.items(), key=lambda item: statistics.median(item[1])):
            parts.append(bar(y, name, v, scale, unit))
            y += BAR + GAP
        y += GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" '
            f'font-size="12"><rect width="{WIDTH}" height="{y}" fill="white"/>' + '\n'.join(parts) + '</svg>\n')
