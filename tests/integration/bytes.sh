#!/bin/bash
# bytes.sh: keys and values with every byte that text can hold, through plan, CSV, show, apply and verify on real
# servers; compared with the embedded file. Prints TAP.
# What stands in single quotes is evaluated by check; some functions also take the words of a run.
# shellcheck disable=SC2016,SC2119,SC2120
set -uo pipefail
# shellcheck source=tests/integration/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$root" || exit 1
export TENANTMOVE_CASSANDRA_HEAP=${TENANTMOVE_CASSANDRA_HEAP:-512M}
script/server up cassandra cassandra-3.11 >"$work/servers" 2>&1 || { cat "$work/servers"; echo "Bail out! no servers"; exit 1; }

# All of ASCII with its control characters, then Devanagari, a letter of four bytes, and what CSV and CQL quote with.
every=''
for ((i = 0; i < 128; i++)); do every+=$(printf '\\x%02x' "$i"); done
every+='राजस्थान 😀 "a","b" '\''; -- /* $$ \x0d\x0a=1+1'
words=(--timestamp 1700000000000000)
tables=(sunbird.user sunbird.user_org sunbird.user_organisation sunbird.course_batch sunbird_courses.course_batch)

# odd ADDRESS: the same odd rows everywhere.
odd() {
    local id
    for id in "$every" '\x00' ' ' '\x0a' ',' "'" '"' 'null' '\xe0\xa4\xb0' '%00'; do
        "$seed" put --to "$1" "${words[@]}" --table sunbird.user "id=$id" rootorgid=$source_id "channel=$every" "firstname=$id" &&
            "$seed" put --to "$1" "${words[@]}" --table sunbird.user_org "id=$id" "userid=$id" organisationid=$source_id "position=$every" &&
            "$seed" put --to "$1" "${words[@]}" --table sunbird.user_organisation "userid=$id" organisationid=$source_id "position=$every" \
                "roles=$every|x|" &&
            "$seed" put --to "$1" "${words[@]}" --table sunbird.course_batch "id=$id" "createdfor=$every|$source_id||$source_id|$id" &&
            "$seed" put --to "$1" "${words[@]}" --table sunbird_courses.course_batch "courseid=$id" "batchid=$id" \
                "createdfor=$source_id|$every|$target_id" || return 1
    done
}
dump() {
    local table
    for table in "${tables[@]}"; do "$seed" dump --from "$1" --table "$table" || return 1; done
}

# move NAME ADDRESS
move() {
    local dir=$work/$1
    "$TENANTMOVE" init "$dir" --cassandra "$2" --source $source_id --target $target_id >/dev/null || return 1
    "$TENANTMOVE" plan --dir "$dir" && "$TENANTMOVE" show --dir "$dir" --changes --limit 0 >"$dir.show" &&
        "$TENANTMOVE" show --dir "$dir" --changes --limit 0 --json >"$dir.json" &&
        "$TENANTMOVE" apply --dir "$dir" && "$TENANTMOVE" verify --dir "$dir" && dump "$2" >"$dir.rows"
}
csv_same() {
    local file
    for file in user membership-old membership batch-old batch; do
        /usr/bin/python3 - "$work/embedded/$file.csv" "$work/$1/$file.csv" <<'P' || return 1
import csv, sys
tables = []
for path in sys.argv[1:]:
    with open(path, encoding="utf-8", newline="") as f:
        # In which order a file has its columns depends on the row that came first.
        rows = [sorted((k, v) for k, v in r.items() if k != "fence") for r in csv.DictReader(f)]
    tables.append(sorted(rows))
if tables[0] != tables[1] or len(tables[0]) < 10:
    for here, there in zip(*tables):
        for a, b in zip(here, there):
            if a != b:
                sys.exit(f"{path}: {a!a} there, {b!a} here")
    sys.exit(f"{path}: {len(tables[0])} and {len(tables[1])} rows")
P
    done
}
no_control() { ! LC_ALL=C grep -anP '[\x00-\x08\x0b-\x1f\x7f]' "$1"; }
json_is() { /usr/bin/python3 -c 'import json, sys; assert len([json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]) >= 50' "$1"; }

few=(--users 2 --target-users 2 --others 3 --batches 0 --other-batches 0)
"$seed" --to "embedded:$work/servers.db" --schema tests/schema/generation-2.cql "${few[@]}" >/dev/null
odd "embedded:$work/servers.db"
check "embedded: a whole move" move embedded "embedded:$work/servers.db"
check "embedded: nothing steers the terminal" no_control "$work/embedded.show"
check "embedded: JSON is JSON" json_is "$work/embedded.json"
for server in cassandra cassandra-3.11; do
    address=127.0.0.1:$(script/server port $server)
    cql --port "${address#*:}" -e "DROP KEYSPACE IF EXISTS sunbird; DROP KEYSPACE IF EXISTS sunbird_courses;
        DROP KEYSPACE IF EXISTS qmzbm_form_service"
    cql --port "${address#*:}" tests/schema/generation-2.cql
    "$seed" --to "$address" "${few[@]}" >/dev/null
    odd "$address"
    check "$server: a whole move" move $server "$address"
    check "$server: nothing steers the terminal" no_control "$work/$server.show"
    check "$server: JSON is JSON" json_is "$work/$server.json"
    check "$server: the CSV files are those of the embedded file" csv_same $server
    check "$server: the rows are those of the embedded file" same "$work/embedded.rows" "$work/$server.rows"
done

finish
