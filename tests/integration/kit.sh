#!/bin/bash
# kit.sh: the seed page's eight steps, typed as the page prints them, slips included, against real servers; compared
# with what `plan` and `apply` make of an identically seeded embedded file. Prints TAP.
# What stands in single quotes is evaluated by check; some functions also take the words of a run.
# shellcheck disable=SC2016,SC2119,SC2120
set -uo pipefail
# shellcheck source=tests/integration/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$root" || exit 1

password='pass wörd=1,9'
api_key='Zm9vYmFy-eyJhbGci.key'
sizes=(--users 179 --target-users 237 --others 1500 --batches 7 --other-batches 60)
export TENANTMOVE_CASSANDRA_HEAP=${TENANTMOVE_CASSANDRA_HEAP:-512M}

servers() {
    script/server up cassandra cassandra-3.11 cassandra-3.11-login elasticsearch neo4j &&
        SUNBIRD_CASSANDRA=127.0.0.1:$(script/server port cassandra-3.11) script/server up sunbird-old
}
servers >"$work/servers" 2>&1 || { cat "$work/servers"; echo "Bail out! the servers do not start"; exit 1; }

# admin SERVER CQL: as the superuser.
admin() {
    local login=()
    [[ $1 != *-login ]] || login=(--user cassandra)
    cql --port "$(script/server port "$1")" "${login[@]}" -e "$2"
}

# make SERVER GENERATION: the server, and the file $work/SERVER.db, with the same rows.
make() {
    local login=() words=()
    [[ $1 != *-login ]] || login=(--user cassandra) words=(--user cassandra --password-file "$work/superuser")
    echo cassandra >"$work/superuser"
    rm -f "$TENANTMOVE_SCRATCH/servers/$1/generation" # the tables are no longer those that lib.sh made
    admin "$1" "DROP KEYSPACE IF EXISTS sunbird; DROP KEYSPACE IF EXISTS sunbird_courses;
        DROP KEYSPACE IF EXISTS qmzbm_form_service; DROP KEYSPACE IF EXISTS sunbird_programs" &&
        cql --port "$(script/server port "$1")" "${login[@]}" "tests/schema/generation-$2.cql" &&
        "$seed" --to "127.0.0.1:$(script/server port "$1")" "${words[@]}" "${sizes[@]}" &&
        "$seed" --to "embedded:$work/$1.db" --schema "tests/schema/generation-$2.cql" "${sizes[@]}"
}

tables_of() {
    case $1 in
    1) echo sunbird.user sunbird.user_org sunbird.course_batch sunbird.organisation ;;
    2) echo sunbird.user sunbird.user_org sunbird.user_organisation sunbird.course_batch sunbird_courses.course_batch \
        sunbird.organisation ;;
    3) echo sunbird.user sunbird.user_organisation sunbird_courses.course_batch sunbird.organisation ;;
    esac
}

# dump ADDRESS SERVER GENERATION FILE: every row; where nothing of the time of writing can differ, with writetimes.
dump() {
    local table words=() with
    [[ $2 != *-login || $1 = embedded:* ]] || words=(--user cassandra --password-file "$work/superuser")
    for table in $(tables_of "$3"); do
        with=()
        case $table in sunbird.user | sunbird.user_org*) with=(--with-timestamps) ;; esac
        echo "== $table"
        "$seed" dump --from "$1" --table "$table" "${words[@]}" "${with[@]}" || return 1
    done >"$4"
}

dump_server() { dump "127.0.0.1:$(script/server port "$1")" "$1" "$2" "$3"; }

# The page's commands. $host, $port, $user and $pass are set; $1: the words for dry_run. The missing blanks before
# the last --context_param and the doubled one are the page's.
users() {
    cd "$kit/user_root_org_migration_run" &&
        sh user_root_org_migration_run.sh "$@" --context_param sunbird_cassandra_server="$host" --context_param sunbird_cassandra_port="$port" --context_param sunbird_cassandra_username="$user" --context_param sunbird_cassandra_password="$pass"  --context_param sunbird_cassandra_keyspace="sunbird"--context_param sunbird_output_file="$base/user_migration.csv"
}
memberships() {
    cd "$kit/user_root_org_migration_run" && cd ../user_org_root_org_migration_run &&
        sh user_org_root_org_migration_run.sh "$@" --context_param sunbird_cassandra_server="$host" --context_param sunbird_cassandra_port="$port" --context_param sunbird_cassandra_username="$user" --context_param sunbird_cassandra_password="$pass"  --context_param sunbird_cassandra_keyspace="sunbird"--context_param sunbird_output_file="$base/user_org_migration.csv"
}
batches() {
    cd "$kit/user_org_root_org_migration_run" && cd ../course_batch_root_org_migration_run &&
        sh course_batch_root_org_migration_run.sh "$@" --context_param sunbird_cassandra_server="$host" --context_param sunbird_cassandra_port="$port" --context_param sunbird_cassandra_username="$user" --context_param sunbird_cassandra_password="$pass"  --context_param sunbird_cassandra_keyspace="sunbird"--context_param sunbird_output_file="$base/course_batch_migration.csv"
}
sync_users() {
    cd "$kit/course_batch_root_org_migration_run" && cd ../Sync_job_run &&
        sh Sync_job_run.sh --context_param sunbird_cassandra_table="user"  --context_param sunbird_sync_api_endpoint="$app/v1/data/sync" --context_param sunbird_sync_api_key="$api_key" --context_param sunbird_sync_block_size=50 --context_param sunbird_sync_sleep_time=100 --context_param sunbird_sync_object_type=user --context_param sunbird_sync_id_file="${1:-$base/user_migration.csv}"
}
sync_batches() {
    cd "$kit/Sync_job_run" &&
        sh Sync_job_run.sh --context_param sunbird_cassandra_table="course_batch"  --context_param sunbird_sync_api_endpoint="$app/v1/data/sync" --context_param sunbird_sync_api_key="$api_key" --context_param sunbird_sync_block_size=50 --context_param sunbird_sync_sleep_time=100 --context_param sunbird_sync_object_type=batch --context_param sunbird_sync_id_file="$base/course_batch_migration.csv"
}
old_status() {
    cd "$kit/Sync_job_run" &&
        sh change_org_status_run.sh --context_param --context_param sunbird_cassandra_server="$host" --context_param sunbird_cassandra_port="$port" --context_param sunbird_cassandra_username="$user" --context_param sunbird_cassandra_password="$pass"  --context_param sunbird_cassandra_keyspace="sunbird"--context_param status=0
}

# ids FILE: sorted, for comparison; the file itself must have one id per line, no header, no blank at an end.
ids() {
    # shellcheck disable=SC2094
    if grep -nE '^$|^ | $|'$'\r' "$1"; then echo "in $1"; return 1; fi
    sort "$1"
}

# The ids that plan's ledger has for some rules, without those that cannot stand on a line: COLUMN is the key column
# of old memberships' own ids, or nothing for the id that is synced.
planned_ids() {
    /usr/bin/python3 - "$@" <<'P'
import csv, re, sys
directory, column, *rules = sys.argv[1:]
found = set()
for rule in rules:
    try:
        with open(f"{directory}/{rule}.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.add(row[column] if column in row else row[[k for k in row if k in ("userid", "batchid", "id")][0]])
    except FileNotFoundError:
        pass
print("\n".join(sorted(i for i in found if not re.search(r'[\x00-\x1f\x7f]', i))))
P
}

ids_are_planned() {
    local file=$1
    shift
    ids "$file" >"$work/ids.seen" && LC_ALL=C sort -o "$work/ids.seen" "$work/ids.seen" &&
        planned_ids "$work/$name.move" "$@" | LC_ALL=C sort >"$work/ids.planned" && same "$work/ids.planned" "$work/ids.seen"
}

# The oracle: plan, apply and the status step on the embedded file.
oracle() {
    local dir=$work/$1.move
    "$TENANTMOVE" init "$dir" --cassandra "embedded:$work/$1.db" --source "$source_id" --target "$target_id" &&
        "$TENANTMOVE" plan --dir "$dir" &&
        "$TENANTMOVE" apply --dir "$dir" && "$TENANTMOVE" retire --dir "$dir"
}

spoke_first() { head -n 3 "$err" | grep -qF "$1" || { cat "$err"; return 1; }; }

# steps NAME GENERATION DRY REAL...: steps 2 to 4 and 7 against one server.
name=
steps() {
    local generation=$2 real=("${@:3}") before after
    name=$1
    kit=$work/$name.kit base=$work/$name.out host=127.0.0.1 port=$(script/server port "$1")
    user='' pass=''
    if [[ $name = *-login ]]; then
        user=mover@example.org pass=$password
    fi
    before=$work/$name.before after=$work/$name.after
    mkdir "$base"
    check "$name: the two stores are seeded alike" make "$name" "$generation"
    if [[ $name = *-login ]]; then
        admin "$name" "DROP ROLE IF EXISTS \"$user\"; CREATE ROLE \"$user\" WITH PASSWORD='$pass' AND LOGIN=true;
            GRANT SELECT ON KEYSPACE sunbird TO \"$user\"; GRANT MODIFY ON KEYSPACE sunbird TO \"$user\"" >/dev/null
    fi
    check "$name: its rows can be read" dump_server "$name" "$generation" "$before"
    check "$name: the kit is made" run 0 "$TENANTMOVE" kit "$kit"

    check "$name: step 2 dry" run 0 users --context_param dry_run="true"
    check "$name: it says that it is dry, and which tenants" eval 'spoke_first "DRY RUN" && spoke_first "$source_id to $target_id"'
    check "$name: it names the id that cannot stand on a line" says 'O'\''Brien'
    check "$name: step 3 dry" run 0 memberships --context_param dry_run="true"
    check "$name: step 4 dry" run 0 batches --context_param dry_run="true"
    check "$name: step 7 dry" run 0 eval 'cd "$kit" && sh change_org_status_run.sh --context_param dry_run=true --context_param sunbird_cassandra_server=$host --context_param sunbird_cassandra_port=$port --context_param sunbird_cassandra_username="$user" --context_param sunbird_cassandra_password="$pass" --context_param status=0'
    dump_server "$name" "$generation" "$after"
    check "$name: a dry run changes nothing" same "$before" "$after"

    check "$name: plan, apply and retire on the embedded file" oracle "$name"
    check "$name: step 2 wrote the planned ids" ids_are_planned "$base/user_migration.csv" id user
    check "$name: step 3 wrote the planned ids" ids_are_planned "$base/user_org_migration.csv" id membership-old membership
    check "$name: step 4 wrote the planned ids" ids_are_planned "$base/course_batch_migration.csv" id batch-old batch
    for file in user user_org course_batch; do cp "$base/${file}_migration.csv" "$work/$name.$file.dry"; done

    check "$name: step 2 for real" run 0 users "${real[@]}"
    check "$name: it says that it is real, and which tenants" eval 'spoke_first "REAL RUN" && spoke_first "$source_id to $target_id"'
    check "$name: step 3 for real" run 0 memberships "${real[@]}"
    check "$name: step 4 for real" run 0 batches "${real[@]}"
    check "$name: the real run's ids are the dry run's" eval '
        for file in user user_org course_batch; do same "$base/${file}_migration.csv" "$work/$name.$file.dry" || exit 1; done'
    check "$name: step 2 again moves nothing and keeps the ids" eval '
        run 0 users "${real[@]}" && same "$base/user_migration.csv" "$work/$name.user.dry"'
}

# After the steps, the rows are what apply makes of them.
compare() {
    check "$name: step 7" run 0 old_status
    check "$name: it names the organisation first" spoke_first "$source_id"
    check "$name: its rows can be read again" dump_server "$name" "$1" "$work/$name.after"
    check "$name: the file's rows can be read" dump "embedded:$work/$name.db" "$name" "$1" "$work/$name.oracle"
    check "$name: the rows are those that plan and apply make" same "$work/$name.oracle" "$work/$name.after"
    check "$name: something did change" eval '! cmp -s "$work/$name.before" "$work/$name.after"'
}

# Nothing that was written or printed holds a secret; $1: the secret.
nowhere() {
    grep -rlaF -- "$1" "$base" "$kit" "$work"/*.said && return 1
    return 0
}
keep() { cat "$out" "$err" >>"$work/$name.said"; }

steps cassandra-3.11-login 1 --context_param dry_run="false"
keep
compare 1
check "the password is in no file and no output" nowhere "$password"
check "a wrong password is refused, and not shown" eval '
    pass="wrong-$password"; run 3 users && ! grep -qF "$pass" "$out" "$err" && says "refused the login"'
check "a missing password is asked for, not guessed" eval 'pass=""; run 64 users </dev/null'

steps cassandra 3
compare 3

steps cassandra-3.11 1
app=http://127.0.0.1:$(script/server port sunbird-old)
es=http://127.0.0.1:$(script/server port elasticsearch)
curl -s -X DELETE "$es/user,org,course-batch" >/dev/null
curl -s -d '{"reset":true}' "$app/_standin" >/dev/null
admin cassandra-3.11 "SELECT count(*) FROM sunbird.user" >/dev/null

# documents INDEX QUERY COUNT: so many within half a minute.
documents() {
    local n='' tries
    for ((tries = 0; tries < 60; tries++)); do
        n=$(curl -s "$es/$1/_refresh" >/dev/null; curl -s "$es/$1/_search?size=10000" |
            /usr/bin/python3 -c "import json,sys
print(sum(1 for h in json.load(sys.stdin).get('hits', {}).get('hits', []) for d in [h['_source']] if $2))")
        [[ $n = "$3" ]] && return
        sleep 0.5
    done
    echo "$n of $3 in $1: $2"
    return 1
}
organisation_too() {
    printf '%s\n%s\n' "$source_id" "$target_id" >"$work/organisations.csv"
    cd "$kit/Sync_job_run" && sh Sync_job_run.sh --context_param sunbird_sync_api_endpoint="$app/v1/data/sync" --context_param sunbird_sync_api_key="$api_key" --context_param sunbird_sync_object_type=org --context_param sunbird_sync_id_file="$work/organisations.csv"
}

check "an id file that is not there is an error, and nothing is sent" eval 'run 64 sync_users "$base/user_migratoin.csv" && says user_migratoin.csv'
check "an empty id file is refused" eval ': >"$work/empty.csv"; run 3 sync_users "$work/empty.csv"'
check "no call was made" eval 'curl -s "$app/_standin" | grep -q "\"calls\":{}"'
check "the organisations are synced first" run 0 organisation_too
check "their documents are there" documents org "d['status'] == 1" 2
check "step 5" run 0 sync_users
keep
check "it says that it is real, and how many ids" says "real run: sends 179 ids of type user in 4 blocks"
check "step 6" run 0 sync_batches
keep
# Two of them are deleted, and the service leaves those out. The id with a line break comes from the ledger.
check "every user's document is the new tenant's" documents user "d.get('rootOrgId') == '$target_id' and d.get('channel') == 'rj'" 177
check "every batch's document is the new tenant's" documents course-batch \
    "'$target_id' in d.get('createdFor', []) and '$source_id' not in d.get('createdFor', [])" 7
check "blocks had at most 50 ids, one at a time" eval 'curl -s "$app/_standin" | grep -q "\"most_ids_in_a_call\":50,.*\"most_in_flight\":1,"'
check "the key is in no file and no output" nowhere "$api_key"

# One that fails for good ends in a file of its own and exit code 1.
failing_sync() {
    curl -s -d '{"fail_next": [500,500,500,500,500,500,500,500,500]}' "$app/_standin" >/dev/null
    run 1 sync_users && says "could not be synced" && [[ $(wc -l <"$base/user_migration.csv.failed") -eq 50 ]]
}
check "a block that the service refuses is in a file of its own" failing_sync
stopping_sync() {
    curl -s -d '{"fail_next": [401]}' "$app/_standin" >/dev/null
    run 3 sync_users && ! grep -qF "$api_key" "$out" "$err"
}
check "401 stops at once, and the key is not shown" stopping_sync
compare 1

# What appears later is added to an id file that was not synced, and replaces one that was.
late_user() {
    admin cassandra-3.11 "INSERT INTO sunbird.user (id, rootorgid, channel) VALUES ('late:$1', '$source_id', 'pilotrajasthan')"
}
adds() {
    late_user 1
    run 0 users && [[ $(wc -l <"$base/user_migration.csv") -eq 179 ]] && grep -qx late:1 "$base/user_migration.csv"
}
replaces() {
    (sync_users) >/dev/null 2>&1 || return 1
    late_user 2
    (users)
    grep -qx late:2 "$base/user_migration.csv"
}
admin cassandra-3.11 "UPDATE sunbird.organisation SET status = 1 WHERE id = '$source_id'"
check "a later run keeps the ids that were not synced" adds
check "a run after the sync has the new id" replaces
fails() { run 3 users --context_param source_org_id=01241408242723225699 --context_param target_org_id="$target_id" && says 01241408242723225699; }
check "an organisation that is not there is refused" fails

# The process list: a peer that never answers keeps the job alive long enough to look.
argv_is_wiped() {
    local silent job tries seen=''
    /usr/bin/python3 -c "import socket,time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(30)" >"$work/silent" &
    silent=$!
    until [[ -s $work/silent ]]; do sleep 0.05; done
    (port=$(<"$work/silent") pass=$password user=mover base=$work; users >/dev/null 2>&1) &
    sleep 1
    job=$(pgrep -f 'job user --context_param' | head -n 1)
    for ((tries = 0; tries < 5; tries++)); do
        seen=$(tr '\0' ' ' <"/proc/$job/cmdline")
        grep -qaF -- "$password" "/proc/$job/cmdline" && { echo "$seen"; break; }
        sleep 0.1
    done
    kill "$job" "$silent"
    wait
    [[ $seen = *sunbird_cassandra_password=* && $seen != *"$password"* ]] || { echo "seen: $seen"; return 1; }
}
check "the password is gone from the process list" argv_is_wiped

# Step 8, in Neo4j: the kit's statements, and the page's own with real values.
neo=http://127.0.0.1:$(script/server port neo4j)
cypher() {
    /usr/bin/python3 - "$neo" "$@" <<'P'
import json, re, sys, urllib.request
where, text = sys.argv[1:]
text = re.sub(r'(?m)^\s*//.*$', '', text)
body = {"statements": [{"statement": s} for s in text.split(";\n") + [""] if s.strip(" \n;")]}
request = urllib.request.Request(where + "/db/data/transaction/commit", json.dumps(body).encode(),
                                 {"Content-Type": "application/json"})
answer = json.load(urllib.request.urlopen(request, timeout=60))
if answer["errors"]:
    sys.exit(str(answer["errors"]))
for result in answer["results"]:
    for row in result["data"]:
        print(*row["row"])
P
}
named="MATCH (n:domain) WHERE n.channel = '$source_id' OR '$source_id' IN n.createdFor RETURN count(n);"
content() {
    cypher 'MATCH (n) DETACH DELETE n;' &&
        "$seed" --to "embedded:$work/content.db" --schema tests/schema/generation-1.cql --users 0 --target-users 0 --others 0 \
            --batches 0 --other-batches 0 --contents 400 --target-contents 50 --other-contents 50 --graph "$neo"
    rm -f "$work/content.db"
}
page_cypher() {
    local left
    left=$(cypher "$named") && [[ $left -gt 300 ]] &&
        cypher "MATCH (n:domain) WHERE n.channel =\"$source_id\" SET n.channel = \"$target_id\";
MATCH (n:domain) WHERE n.createdFor = [\"$source_id\"] SET n.createdFor = [\"$target_id\"];" && [[ $(cypher "$named") -lt $left ]]
}
kit_cypher() {
    cypher "$(<"$kit/content_migration.cypher")" && [[ $(cypher "$named") = 0 ]] &&
        [[ $(cypher "MATCH (n:domain) WHERE size([x IN n.createdFor WHERE x = '$target_id']) > 1 RETURN count(n);") = 0 ]]
}
check "the graph is seeded" content
check "step 8 as the page has it" page_cypher
check "step 8 as the kit has it leaves nothing, and nothing twice" kit_cypher

finish
