#!/bin/bash
# An apply that is interrupted or killed, again and again, ends as one that ran in peace.
# shellcheck disable=SC2317,SC2015
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# begin DIR: apply in the background, slowly; pid is its process.
begin() {
    "$TENANTMOVE" apply --in-flight 2 --dir "$work/$1" >"$work/out" 2>&1 &
    pid=$!
}

# until_done DIR N: waits until N changes are in the ledger as done, or the run ended; then for a part of a batch.
until_done() {
    "$python" "$here/settled.py" "$work/$1/ledger.db" "$2" "$pid"
    sleep "$(printf '0.%03d' $((RANDOM % 250)))"
}

# stop DIR SIGNAL PERCENT: starts apply, sends the signal at about that part of the plan; sets out, code and at.
stop() {
    begin "$1"
    until_done "$1" $(($(count all "$1") * $3 / 100))
    kill "-$2" "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    code=$?
    out=$(<"$work/out")
    at=$(count "read back" "$1")
    [[ $at -lt $(count all "$1") ]] && inside=$((inside + 1))
}

ended_by() { [[ $code -eq $1 && $inside -ge $2 ]] || { echo "exit code $code in place of $1, $inside stops inside the plan"; return 1; }; }

plan_again() {
    seed "${small[@]}" --users 2000 --batches 210
    rm -rf "$work"/{real,oracle}
    oracle oracle plan
    oracle oracle apply
    check "$1: the oracle is applied" ends 0
    tm real plan
    check "$1: plan" ends 0
    inside=0
}

kills() {
    local part
    for part in $1; do stop real KILL "$part"; done
}

for name in cassandra-3.11 cassandra; do
    cassandra $name 2
    what="$name: Ctrl-C"
    plan_again "$what"
    stop real INT 20
    check "$what: ends 4, inside the plan" ended_by 4 1
    check "$what: says how to go on" says "Next"
    stop real INT 60
    check "$what: once more" ended_by 4 2
    tm real apply
    check "$what: the same command goes on to the end" ends 0
    check "$what: the same rows as without" same_rows
    check "$what: every change is read back" test "$(count "read back" real)" = "$(count all oracle)"

    what="$name: kill -9"
    plan_again "$what"
    kills "0 15 30 31 50 70 90"
    check "$what: most of seven hit the middle" ended_by 137 5
    tm real apply
    check "$what: the same command goes on to the end" ends 0
    check "$what: the same rows as without" same_rows
    check "$what: every change is read back" test "$(count "read back" real)" = "$(count all oracle)"
done
finish
