#!/bin/bash
# Scans that are hard: partitions that no page can read or that are very large, plans that are cut short, rows that
# the servers look for.
# shellcheck disable=SC2317,SC2015
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

scan_py() { "$python" "$here/scan.py" "$@"; }
many=30000 tombstones=110000 megabytes=20
[[ -z $deep ]] || many=10000000 tombstones=200000 megabytes=300

# The two organisations and nobody else.
only_organisations() { seed --users 0 --target-users 0 --others 0 --batches 0 --other-batches 0 --contents 0 --target-contents 0 --other-contents 0; }
total() { "$TENANTMOVE" show --json --dir "$work/$1" | "$python" -c 'import json, sys; print([r[sys.argv[2]] for r in json.load(sys.stdin)["rules"] if r["rule"] == sys.argv[1]][0])' "$2" "$3"; }
is() { [[ $1 = "$2" ]] || { echo "$1 in place of $2"; return 1; }; }
read_rows() { scan_py read "$work/$1/ledger.db"; }

# ---- the servers' filter finds what the client's finds ----

same_by_either() {
    local what="$1: the servers' filter"
    cassandra "$1" 2
    rm -rf "$work"/{client,server}
    seed "${small[@]}"
    tm client plan --filter client
    check "$what: plan by the client" ends 0
    tm server plan --filter server
    check "$what: plan by the servers" ends 0 "filtered by the servers"
    check "$what: the same changes" diff <("$TENANTMOVE" show --changes --limit 0 --dir "$work/client" | sort) \
        <("$TENANTMOVE" show --changes --limit 0 --dir "$work/server" | sort)
    check "$what: the same plan" is "$("$TENANTMOVE" show --json --dir "$work/client" | grep '"digest"')" \
        "$("$TENANTMOVE" show --json --dir "$work/server" | grep '"digest"')"
}

# ---- partitions that are too much ----

poison() {
    local what="$1: a partition of $tombstones tombstones"
    cassandra "$1" 2
    only_organisations
    scan_py tombstones "$cassandra_port" poisoned "$tombstones" && scan_py wide "$cassandra_port" wide "$megabytes" ||
        { echo "Bail out! no hard partitions"; exit 1; }
    cql -e "INSERT INTO sunbird.user_organisation (userid, organisationid, hashtagid) VALUES ('u1', '$source_id', 'x')"
    rm -rf "$work"/{named,found}
    tm named plan --filter client
    check "$what: the plan is made, and ends 1" ends 1 "1 partition could not be read"
    check "$what: says where" says "sunbird.user_organisation tokens"
    check "$what: the rest is in the plan, also of the $megabytes MB partition" is "$(total named membership changes)" 2
    tm found plan --filter auto
    check "$what: the servers find the row by its clustering key" ends 0
    check "$what: and it is in the plan" is "$(total found membership changes)" 3
    tm named apply --filter client
    check "$what: apply names it and ends 1" ends 1 "1 partition could not be read"
    tm named verify --filter client
    check "$what: verify is not clean" ends 1 "1 partition could not be read"
    tm named retire --filter client
    check "$what: retire is refused" ends 3 "cannot be read"
}

# ---- a plan that is cut short ----

# cut SIGNAL DIR ROWS: a slow plan gets the signal when so many rows are read; sets out, code and at.
cut_plan() {
    "$TENANTMOVE" plan --filter client --page-rows "$page" --dir "$work/$2" >"$work/out" 2>&1 &
    pid=$!
    scan_py until_read "$work/$2/ledger.db" "$3" "$pid"
    kill "-$1" $pid 2>/dev/null
    wait $pid 2>/dev/null
    code=$?
    out=$(<"$work/out")
    at=$(read_rows "$2")
}

cut_short() {
    local what="$1: a plan of $many rows" page=1 first
    cassandra "$1" 2
    only_organisations
    scan_py many "$cassandra_port" "$many" || { echo "Bail out! no rows"; exit 1; }
    [[ -z $deep ]] || page=5000
    rm -rf "$work"/{whole,cut}
    tm whole plan --filter client
    check "$what: in one" ends 0
    tm cut check
    cut_plan INT cut $((many / 5))
    check "$what, Ctrl-C: ends 4 in the middle" test "$code" = 4 -a "$at" -lt "$many"
    check "$what, Ctrl-C: says that it goes on" says "goes on where it stopped"
    first=$at
    cut_plan KILL cut $((many / 2))
    check "$what, kill -9: in the middle" test "$code" = 137 -a "$at" -lt "$many" -a "$at" -ge "$first"
    tm cut plan --filter client --scan-ranges 100
    check "$what: the same command goes on, with another cut" ends 0 "$at rows were read before"
    check "$what: every row is counted once" is "$(total cut user scanned)" "$(total whole user scanned)"
    check "$what: the same plan" is "$("$TENANTMOVE" show --json --dir "$work/cut" | grep '"digest"')" \
        "$("$TENANTMOVE" show --json --dir "$work/whole" | grep '"digest"')"
}

for name in cassandra-3.11 cassandra; do
    same_by_either $name
done
poison cassandra
cut_short cassandra
finish
