"""One process, measured: wall time, its own and its children's processor time, the largest one's peak memory."""
import json
import os
import pathlib
import subprocess


class Failed(Exception):
    """A contestant that did not end with exit code 0."""


def processor_seconds(pid):
    """User and system time of a process that runs, all its threads."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


class Measurer:
    """|program| is tm-measure; |folder| takes what it and the commands write."""

    def __init__(self, program, folder):
        self.program, self.result = str(program), folder / 'last.json'
        self.log = folder / 'last.log'

    def run(self, command, environment=None, pid=None):
        """Runs a command (a list) to its end. |pid|: of the server, whose processor time is taken beside it."""
        before = processor_seconds(pid) if pid else 0
        with open(self.log, 'wb') as out:
            code = subprocess.run([self.program, self.result, *map(str, command)], stdout=out,
                                  stderr=subprocess.STDOUT, env=dict(os.environ, **(environment or {}))).returncode
        after = processor_seconds(pid) if pid else 0
        if code != 0:
            raise Failed(f'{command[0]} ended with {code}: {self.log.read_text(errors="replace")[-600:].strip()}')
        result = json.loads(self.result.read_text())
        result['client_cpu_s'] = result['client_user_s'] + result['client_system_s']
        if pid:
            result['server_cpu_s'] = after - before
        return result
