#!/usr/bin/env python3
"""What becomes of a move when memory runs out: each command, with one allocation that fails. Prints TAP.

usage: memory.py PROGRAM FOLDER [--deep] [--only COMMAND] [--at N[+]] [--of program|all]

Each command of a whole move runs on embedded stores, from the state that the step before it left, with
liballocations.so (tests/faults/allocations.c): the Nth allocation fails, alone or with all after it. Whatever N is:
  - it ends by itself, and with 0 only when what it did and said is what an undisturbed run does and says;
  - else it says that memory ran out;
  - what the program allocated is given back;
  - `status` can read what it left, and the same command again ends as an undisturbed run.
Some N of each command are tried, most of them small; with --deep each one of the program's own. --at: only that one, with all it says.
"""
import argparse
import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCE, TARGET = "01241408242723225614", "01246375399411712074"
TABLES = ("sunbird.user", "sunbird.user_organisation", "sunbird_courses.course_batch", "sunbird.organisation")
SMALL = ("--users", 20, "--target-users", 10, "--others", 100, "--batches", 3, "--other-batches", 20,
         "--contents", 30, "--target-contents", 10, "--other-contents", 10)


def job(name, *parameters):
    return ("job", name, *(word for p in ("dry_run=false", *parameters) for word in ("--context_param", p)))


SERVER = ("sunbird_cassandra_server=embedded:{t}", "sunbird_cassandra_keyspace=sunbird")
# Each begins with what those before it left: the page's jobs, and a move.
STEPS = {
    "job user": job("user", *SERVER, "sunbird_output_file={d}/ids"),
    "job user_org": job("user_org", *SERVER, "sunbird_output_file={d}/ids-of-members"),
    "job sync": job("sync", "sunbird_cassandra_table=user", "sunbird_sync_object_type=user", "sunbird_sync_sleep_time=1",
                    "sunbird_sync_api_endpoint=embedded:{t}", "sunbird_sync_api_key=key", "sunbird_sync_block_size=10",
                    "sunbird_sync_id_file={d}/ids"),
    "job change_org_status": job("change_org_status", *SERVER, "status=0"),
    "init": ("init", "rj", "--cassandra", "embedded:{t}", "--neo4j", "embedded:{t}", "--elasticsearch", "embedded:{t}",
             "--sync-url", "embedded:{t}", "--source", SOURCE, "--target", TARGET),
    "check": ("check", "--dir", "rj"),
    "run": ("run", "--dir", "rj", "--yes"),
    "plan": ("plan", "--dir", "rj"),
    "show": ("show", "--dir", "rj"),
    "show changes": ("show", "--dir", "rj", "--changes", "--limit", "0", "--json"),
    "plan again": ("plan", "--again", "--dir", "rj"),
    "apply": ("apply", "--dir", "rj"),
    "status": ("status", "--dir", "rj", "--json"),
    "sync": ("sync", "--dir", "rj"),
    "verify": ("verify", "--dir", "rj"),
    "retire": ("retire", "--dir", "rj"),
    "show in the end": ("show", "--dir", "rj", "--json"),
    "status in the end": ("status", "--dir", "rj"),
}
BESIDE = {"run"}  # what it did is not what the next one begins with
# Whose blocks must all be given back; the others keep some for the whole run.
STRICT = ("tenantmove", "libjansson", "libyaml", "libsqlite3", "libuv", "libcurl")
TIME_LIMIT = 60
EQUAL = [(re.compile(p), to) for p, to in (
    (r" *\([^()]*\d/s\)", ""), (r"\b\d+(\.\d)? s\b", "T s"), (r"\b\d[\d,]*/s\b", "N/s"), (r"_us\": ?\d+", '_us": 0'),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\b", "WHEN"), (r"\b[0-9a-f]{64}\b", "DIGEST"), (r"ETA [\d:]+", "ETA"),
    (r"digest [0-9a-f]{8}…", "digest D…"))]


def normal(text, folder):
    text = text.replace(str(folder), "$DIR")
    for pattern, to in EQUAL:
        text = pattern.sub(to, text)
    return text


class Program:
    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()
        self.seed = self.path.parent / "tests/seed/tm-seed"
        self.known = {}
        self.preload = self.path.parent / "tests/liballocations.so"

    def run(self, folder, words, fails=None, of="all"):
        """Returns the exit code, stdout, stderr and, with fails, the lines of ALLOCATIONS."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TENANTMOVE")}
        environment.update(LC_ALL="C.UTF-8", COLUMNS="100", HOME=str(folder))
        report = folder / ".allocations"
        if fails is not None:
            report.unlink(missing_ok=True)
            environment.update(LD_PRELOAD=str(self.preload), ALLOCATIONS=str(report), ALLOCATION_FAILS=fails,
                               ALLOCATION_OF=of)
        words = [w.format(t=folder / "t.db", d=folder) for w in words]
        try:
            done = subprocess.run([self.path, *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=TIME_LIMIT, check=False)
        except subprocess.TimeoutExpired as e:
            return -99, "", f"no end after {TIME_LIMIT} s: {e.stderr}", []
        lines = report.read_text().splitlines() if fails is not None and report.exists() else []
        return (done.returncode, normal(done.stdout.decode("utf-8", "replace"), folder),
                normal(done.stderr.decode("utf-8", "replace"), folder), lines)

    def rows(self, folder):
        """Rows, documents and nodes, which most runs leave as they were."""
        key = tuple(hashlib.sha1(f.read_bytes()).digest() for f in sorted(folder.glob("t.db*"))
                    if not f.name.endswith("-shm"))
        if key not in self.known:
            self.known[key] = {"rows": self.dump(folder), "documents": of_file(
                folder / "t.db", "SELECT * FROM documents", "SELECT node_id, name, is_list, value FROM properties")}
        return self.known[key]

    def dump(self, folder):
        return [subprocess.run([self.seed, "dump", "--from", f"embedded:{folder}/t.db", "--table", t], check=True,
                               capture_output=True).stdout for t in TABLES]

    def ledger(self, folder):
        """What the ledger says, whatever the order in which it learnt it."""
        code, out, _, _ = self.run(folder, ("show", "--dir", "rj", "--changes", "--limit", "0", "--json"))
        changes = [json.loads(line) for line in out.splitlines() if line[0] == "{"] if code == 0 else []
        for change in changes:
            del change["seq"]
            if "user:ttl" in change["row"]:  # its time to live is another at each reading
                del change["before"], change["after"]
        totals = self.run(folder, ("show", "--dir", "rj", "--json"))[1]
        status = json.loads(self.run(folder, ("status", "--dir", "rj", "--json"))[1] or "{}")
        return {"changes": sorted(map(repr, changes)),
                "digest": json.loads(totals)["digest"] if totals else None,
                "status": {k: status.get(k) for k in ("changes", "retire", "sync", "next")}}


def of_file(path, *queries):
    with tempfile.TemporaryDirectory(dir=path.parent) as copy:  # reading a WAL writes beside it
        for file in path.parent.glob(path.name + "*"):
            shutil.copy(file, copy)
        db = sqlite3.connect(pathlib.Path(copy, path.name))
        try:
            return [sorted(map(repr, db.execute(q).fetchall())) for q in queries]
        finally:
            db.close()


def state_of(program, folder):
    """All that a command can change, without times."""
    seen = dict(program.rows(folder))
    for file in folder.glob("ids*"):
        if file.is_file():
            seen[file.name] = sorted(file.read_text("utf-8", "surrogateescape").splitlines())
    move = folder / "rj"
    if (move / "ledger.db").exists():
        seen["ledger"] = program.ledger(folder)
    for file in sorted(move.glob("*")) if move.exists() else ():
        if file.name == "proof.json":
            proof = json.loads(file.read_text())
            for kind in proof["documents"].values():
                del kind["absent"]  # those that an earlier run found right are not looked at again
            seen[file.name] = {k: v for k, v in proof.items() if k not in ("made at", "sha256 of all above")}
        elif file.suffix in (".csv", ".cypher", ".yaml"):
            text = normal(file.read_text("utf-8", "surrogateescape"), folder)
            if file.suffix == ".csv":  # a plan that went on read the ranges in another order
                text = sorted(text.splitlines())
            elif file.suffix == ".cypher":  # how many nodes share a statement is free
                text = [line.rstrip(",") for line in text.splitlines() if line.startswith("{i: ")]
            seen[file.name] = text
        elif not file.name.startswith(("ledger", "log.")):
            seen[file.name] = "there"
    return seen


def fingerprint(folder):
    """To see cheaply that nothing at all was written."""
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.name[0] != "."
             and f.name not in ("log.ndjson", "ledger.lock") and not f.name.endswith("-shm")]
    return [(f.relative_to(folder), hashlib.sha1(f.read_bytes()).digest()) for f in files if f.stat().st_size]


def copy(start, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(start, folder)
    settings = folder / "rj/move.yaml"
    if settings.exists():
        settings.write_text(settings.read_text().replace(str(start), str(folder)))


def count_of(lines):
    return next(int(x) for x in lines if x.isdigit())


class Step:
    """One command: where it begins, and what an undisturbed run of it does."""

    def __init__(self, program, name, start, end):
        self.program, self.name, self.words, self.start = program, name, STEPS[name], start
        copy(start, end)
        self.before = fingerprint(end)
        self.code, self.out, self.err, lines = program.run(end, self.words, "0")
        self.all = count_of(lines)
        self.state = state_of(program, end)
        if self.code != 0:
            sys.exit(f"Bail out! {name} ended with {self.code}: {self.err}")
        copy(start, end.parent / "count")
        self.own = count_of(program.run(end.parent / "count", self.words, "0", "program")[3])

    def comparable(self, state):
        """A run that goes on proves again, at the end of all, and leaves the files of a plan that is there."""
        return {k: v for k, v in state.items() if self.name != "run" or "." not in k}

    def try_one(self, folder, fails, of):
        """What is wrong when that allocation fails: sentences."""
        copy(self.start, folder)
        before = fingerprint(folder)
        code, out, err, lines = self.program.run(folder, self.words, fails, of)
        failed = next((x for x in lines if x.startswith("failed")), "failed ?")
        wrong = []
        # libuv itself aborts where its table of descriptors cannot grow; a crash of this kind loses nothing (below).
        if (code < 0 or code >= 128) and not (code == -signal.SIGABRT and "failed libuv" in failed):
            wrong.append(f"it ended with signal {-code}: {err[-300:]}")
        if code == 0:
            if out != self.out and "memory" not in err:
                wrong.append("it ended with 0, but said something else: " + difference(self.out, out))
            now = state_of(self.program, folder)
            if now != self.state:
                wrong.append("it ended with 0, but did not all: " + unequal(self.state, now))
        elif code > 0 and "memory" not in out + err:
            wrong.append(f"it ended with {code}, but did not say that memory ran out: {err[-400:]!r}")
        if lines and code >= 0:
            left = [x for x in lines if x.startswith("left ") and x.split()[1].startswith(STRICT)]
            if left:
                wrong.append(f"{len(left)} blocks were not given back: {left[:3]}")
        if code != 0 and fingerprint(folder) != before:
            if (folder / "rj/ledger.db").exists():
                status = self.program.run(folder, ("status", "--dir", "rj"))
                if status[0] != 0 and "nothing is planned" not in status[2]:
                    wrong.append(f"status ended with {status[0]} then: {status[2]}")
            again = self.program.run(folder, self.words)
            if again[0] == 3 and "there is a plan already" in again[2]:  # only its files were not written
                again = self.program.run(folder, STEPS["plan again"])
            if again[0] != 0:
                wrong.append(f"the same again ended with {again[0]}: {again[2][-400:]}")
            else:
                now = self.comparable(state_of(self.program, folder))
                if now != self.comparable(self.state):
                    wrong.append("the same again did not all: " + unequal(self.comparable(self.state), now))
        return [f"{of} {fails} ({failed}) -> {code}: {w}" for w in wrong], code


def difference(a, b):
    lines = itertools.zip_longest(a.splitlines(), b.splitlines())
    return next((f"{x!r} became {y!r}" for x, y in lines if x != y), "?")


def unequal(a, b, name=""):
    """Where two states differ first."""
    if isinstance(a, dict) and isinstance(b, dict):
        return "; ".join(unequal(a.get(k), b.get(k), k) for k in {**a, **b} if a.get(k) != b.get(k))
    if isinstance(a, bytes) and isinstance(b, bytes):
        a, b = a.decode("utf-8", "replace"), b.decode("utf-8", "replace")
    if isinstance(a, str) and isinstance(b, str):
        a, b = a.splitlines(), b.splitlines()
    if isinstance(a, list) and isinstance(b, list) and len(a) > 1:
        return next(unequal(x, y, name) for x, y in itertools.zip_longest(a, b) if x != y)
    return f"{name}: {str(a)[:200]} became {str(b)[:200]}"


# How many small N are tried one by one, and by how much the distance between the others grows.
SOME = {("program", ""): (16, 1.1), ("program", "+"): (4, 1.4), ("all", ""): (4, 1.3), ("all", "+"): (2, 1.7)}
DEEP = {("program", ""): (10 ** 9, 1), ("program", "+"): (10 ** 9, 1), ("all", ""): (60, 1.03), ("all", "+"): (10, 1.2)}


def points(count, dense, growth):
    """1, 2, 3 … dense, then further and further apart."""
    n, step = 1, 1.0
    while n <= count:
        yield n
        n += int(step)
        if n > dense:
            step *= growth


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--at")
    parser.add_argument("--of", choices=("program", "all"))
    given = parser.parse_args()
    program = Program(given.program)
    folder = given.folder.resolve()
    start = folder / "0"
    start.mkdir(parents=True)
    t = f"embedded:{start}/t.db"
    subprocess.run([program.seed, "--to", t, "--schema", ROOT / "tests/schema/generation-3.cql", "--graph", t,
                    "--index", t, *map(str, SMALL)], check=True, stdout=subprocess.DEVNULL)
    steps = []
    seeded = start
    for i, name in enumerate(STEPS, 1):
        if name == "init":
            start = seeded
        end = folder / str(i)
        steps.append(Step(program, name, start, end))
        if name == "init":
            with open(end / "rj/move.yaml", "a", encoding="utf-8") as f:
                f.write("sync-pause-ms: 0\nverify-timeout-s: 2\n")
        if name not in BESIDE:
            start = end
    if given.at:
        for step in (s for s in steps if s.name == given.only):
            print(*step.try_one(folder / "one", given.at, given.of or "all")[0], sep="\n")
        return 0
    failed = number = 0
    workers = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for step in steps:
            if given.only and step.name != given.only:
                continue
            tries = []
            for of, count in (("program", step.own), ("all", step.all)):
                if given.of in (None, of):
                    for on in ("", "+"):
                        tries += [(f"{n}{on}", of) for n in points(count, *(DEEP if given.deep else SOME)[of, on])]
            parts = [tries[i::workers] for i in range(workers)]
            found = list(pool.map(lambda p, s=step: [s.try_one(folder / f"w{p[0]}", *x) for x in p[1]],
                                  enumerate(parts)))
            results = [r for part in found for r in part]
            wrong = [w for r in results for w in r[0]]
            codes = {c: sum(1 for r in results if r[1] == c) for c in sorted({r[1] for r in results})}
            number += 1
            failed += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {step.name} survives each of {len(tries)} failed allocations")
            print(f"# {step.own} of the program, {step.all} with its libraries; ended with", codes)
            for line in wrong if given.deep or len(wrong) < 30 else wrong[:30]:
                print(f"# {line}")
            sys.stdout.flush()
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
