#!/bin/bash
# memory.sh: memory runs out, at many allocations of each command. Prints TAP.
# TENANTMOVE_DEEP: at each of the program's own.
set -uo pipefail
# shellcheck source=tests/integration/tap.sh
. "$(dirname "$0")/../integration/tap.sh"
trap 'rm -rf "$work"' EXIT
# A sanitizer has an allocator of its own, so it is the optimised program that is tried.
program=$root/build-release/tenantmove
[[ -x $program ]] || { echo "Bail out! meson setup build-release --buildtype=release && ninja -C build-release"; exit 1; }
/usr/bin/python3 "$root/tests/faults/memory.py" "$program" "$work" ${TENANTMOVE_DEEP:+--deep}
