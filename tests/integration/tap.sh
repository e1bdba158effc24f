# tap.sh: what the tests on real servers share; sourced, never run. They print TAP.
# shellcheck shell=bash disable=SC2034
#
# The caller has TENANTMOVE, the program, and TENANTMOVE_SCRATCH, where the servers' data goes.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${TENANTMOVE:?the program; script/test sets it}" "${TENANTMOVE_SCRATCH:=$root/.scratch}"
TENANTMOVE=$(readlink -f "$TENANTMOVE")
seed=$(dirname "$TENANTMOVE")/tests/seed/tm-seed
export TENANTMOVE TENANTMOVE_SCRATCH
# Nothing of the caller's settings may reach a run.
for name in $(compgen -e TENANTMOVE_); do
    case $name in TENANTMOVE_SCRATCH | TENANTMOVE_CASSANDRA_HEAP | TENANTMOVE_DEEP) ;; *) unset "$name" ;; esac
done

source_id=01241408242723225614
target_id=01246375399411712074

tests=0
failures=0
work=$(mktemp -d "${TMPDIR:-/tmp}/tenantmove-test.XXXXXX")
seen=$work/.seen

# check SENTENCE COMMAND...: a test is right when the command is, which runs in a shell of its own.
check() {
    local sentence=$1
    shift
    tests=$((tests + 1))
    if ("$@") >"$seen" 2>&1; then
        echo "ok $tests - $sentence"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $sentence"
        tail -n 30 "$seen" | sed 's/^/# /'
    fi
}

# run CODE COMMAND...: runs it, keeps what it says in $out and $err, and is right when it ends with CODE.
out=$work/.out
err=$work/.err
run() {
    local wanted=$1 code=0
    shift
    ("$@") >"$out" 2>"$err" || code=$?
    [[ $code -eq $wanted ]] || { printf 'exit code %d, not %d\n' "$code" "$wanted"; cat "$out" "$err"; return 1; }
}

# says TEXT: the last run said it, on either stream.
says() { grep -qF -- "$1" "$out" "$err" || { printf 'it does not say: %s\n' "$1"; cat "$out" "$err"; return 1; }; }

same() { diff "$1" "$2" | head -n 20 | grep . && return 1 || return 0; }

cql() { /usr/bin/python3 "$root/tests/servers/cql.py" "$@"; }

# listening PORT
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

finish() {
    echo "1..$tests"
    rm -rf "$work"
    [[ $failures -eq 0 && $tests -gt 0 ]]
}
