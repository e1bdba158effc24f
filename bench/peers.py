"""Other tools, from the package registries, in the versions of script/versions. One that cannot be had is left out."""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME', pathlib.Path.home() / '.cache')) / 'tenantmove' / 'bench'


def versions():
    lines = (ROOT / 'script/versions').read_text().splitlines()
    return dict(line.split('=', 1) for line in lines if '=' in line and not line.startswith('#'))


class Peers:
    """Where each tool is; None: it could not be installed."""

    def __init__(self, log):
        CACHE.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.version = versions()
        self.python = self.attempt('cqlsh and the Python driver', self.install_python)
        self.dsbulk = self.attempt('dsbulk', self.install_dsbulk)
        self.expert = self.attempt("the expert's Rust program", self.install_expert)

    def attempt(self, what, install):
        try:
            return install()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f'bench: {what} is left out: {error}', file=sys.stderr)
            return None

    def call(self, *command, **options):
        with open(self.log, 'ab') as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, **options)

    def install_python(self):
        wanted = f"cqlsh=={self.version['CQLSH']} cassandra-driver=={self.version['CASSANDRA_DRIVER']}"
        folder = CACHE / 'python'
        mark = folder / 'installed'
        if not mark.exists() or mark.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            self.call('python3', '-m', 'venv', folder)
            self.call(folder / 'bin/pip', 'install', '--quiet', *wanted.split())
            mark.write_text(wanted)
        return folder / 'bin'

    def install_dsbulk(self):
        path = CACHE / f"dsbulk-{self.version['DSBULK']}.cp"
        if not path.exists() or not os.path.exists(path.read_text().split(':')[0]):
            plugin = f"org.apache.maven.plugins:maven-dependency-plugin:{self.version['MAVEN_DEPENDENCY_PLUGIN']}"
            self.call('mvn', '-q', '-B', '-f', ROOT / 'bench/peers/dsbulk.xml', f'{plugin}:build-classpath',
                      f"-Dpeer.version={self.version['DSBULK']}", f'-Dmdep.outputFile={path}')
        return path.read_text()

    def install_expert(self):
        target = CACHE / 'rust'
        self.call('cargo', 'build', '--release', '--locked', '--manifest-path', ROOT / 'bench/peers/rust/Cargo.toml',
                  '--target-dir', target)
        return target / 'release/expert'
