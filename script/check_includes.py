#!/usr/bin/env python3
"""Checks who includes whom: ARCHITECTURE.md, "The include rule".

usage: check_includes.py [ROOT]

A file under src/ may include files of lower levels or of its own folder, in the form "folder/file.h". Headers of
libraries stand only in the folders that own them. Prints one line per breach, and how to mend it; exit 1 if any.
"""
import pathlib
import re
import sys

LEVEL = {
    "base": 0, "move": 1, "net": 2, "ledger": 3, "embedded": 3, "cql": 3, "http": 3,
    "store": 4, "index": 4, "graph": 4, "phase": 5, "report": 5, "cli": 6,
}
# header, or the folder of headers -> folders that may include it
LIBRARY = {
    "jansson.h": {"move"}, "yaml.h": {"move"}, "uv.h": {"net"}, "openssl": {"net"},
    "sqlite3.h": {"ledger", "embedded"}, "lz4.h": {"cql"}, "zlib.h": {"cql"}, "curl": {"http"},
}
# What the C library and POSIX have; everything else in <> is a library that needs an owner.
SYSTEM = set("""assert.h ctype.h dirent.h errno.h fcntl.h float.h getopt.h grp.h inttypes.h limits.h locale.h math.h
netdb.h poll.h pthread.h pwd.h setjmp.h signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
stdnoreturn.h string.h strings.h syslog.h termios.h threads.h time.h unistd.h wchar.h ftw.h libgen.h spawn.h""".split())
SYSTEM_FOLDERS = {"sys", "netinet", "arpa", "net", "linux"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def breach_of_own(folder, name):
    parts = name.split("/")
    if len(parts) < 2 or parts[0] not in LEVEL:
        return f'"{name}" must be written as "folder/file.h" with a folder of src/'
    other = parts[0]
    if other == folder or LEVEL[other] < LEVEL[folder]:
        return None
    return (f'{folder}/ is level {LEVEL[folder]} and may not include {other}/ (level {LEVEL[other]}): '
            'move what is shared down, or hand it in as an argument')


def breach_of_library(folder, name):
    first = name.split("/")[0]
    if name in SYSTEM or (first in SYSTEM_FOLDERS and "/" in name):
        return None
    owners = LIBRARY.get(name) or LIBRARY.get(first)
    if owners is None:
        return f"<{name}> has no owner: add it to LIBRARY in script/check_includes.py and to ARCHITECTURE.md"
    if folder in owners:
        return None
    return f"<{name}> may only be included in {', '.join(sorted(owners))}/: use that folder's interface"


def breaches(root):
    source = root / "src"
    for path in sorted(source.rglob("*.[ch]")):
        folder = path.relative_to(source).parts[0]
        place = path.relative_to(root)
        if folder not in LEVEL:
            yield f"{place}: folder {folder}/ has no level: add it to LEVEL in script/check_includes.py"
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            check = breach_of_own if match[1] == '"' else breach_of_library
            said = check(folder, match[2])
            if said:
                yield f"{place}:{number}: {said}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(breaches(root))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
