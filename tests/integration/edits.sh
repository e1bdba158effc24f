#!/bin/bash
# Edits behind the back of a plan, and while apply is at work, survive; what appeared is moved too.
# shellcheck disable=SC2317,SC2015
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

edited_rows() { "$python" "$here/rows.py" moved "$work/planned" "$work/edited" "$work/expected" "$work/rows"; }

before_apply() {
    local what="$1: edits between plan and apply"
    cassandra "$1" 2
    rm -rf "$work"/{real,oracle}
    seed "${small[@]}"
    oracle oracle plan
    oracle oracle apply
    check "$what: the oracle is applied" ends 0
    tm real plan
    check "$what: plan" ends 0
    dump_all "$work/planned"
    "$python" "$here/edits.py" "$work/planned" >"$work/edits.cql" && cql "$work/edits.cql" ||
        { echo "Bail out! the edits failed"; exit 1; }
    dump_all "$work/edited"
    tm real apply
    check "$what: apply says that there were conflicts" ends 1 "conflict"
    dump_all "$work/rows"
    dump_oracle "$work/expected"
    check "$what: every edit survived, every other row is as the oracle's" edited_rows
    tm real apply
    check "$what: once more finds nothing" ends 1
    dump_all "$work/again"
    check "$what: and changes nothing" diff -r "$work/rows" "$work/again"
    tm real verify
    check "$what: verify finds no reference" says "0 references to"
}

during_apply() {
    local what="$1: edits while apply is at work" writer
    cassandra "$1" 2
    rm -rf "$work/busy"
    seed "${small[@]}" --users 900
    dump_all "$work/planned"
    tm busy plan
    check "$what: plan" ends 0
    mkfifo "$work/ready"
    "$python" "$here/writer.py" "$cassandra_port" "$work/planned" "$work/writes" 60 >"$work/ready" &
    writer=$!
    read -r _ <"$work/ready"
    rm "$work/ready"
    tm busy apply --in-flight 4
    check "$what: apply came to its end" test "$code" -le 1
    wait "$writer"
    tm busy apply
    dump_all "$work/rows"
    check "$what: all survive" "$python" "$here/writer.py" judge "$work/writes" "$work/rows"
}

for name in cassandra-3.11 cassandra; do
    before_apply $name
    during_apply $name
done
finish
