# lib.sh: what the integration tests share; sourced by each. Prints TAP.
#
#   up NAME...              servers of script/server, started when they do not run yet
#   cassandra NAME GEN      use this Cassandra with the tables of that generation
#   seed OPTIONS...         the same rows there and in the embedded file, which is the oracle
#   tm DIR COMMAND...       the program on the servers; out and code say how it went
#   oracle DIR COMMAND...   the program on the embedded file
#   check NAME COMMAND...   one test: the command is true; what it prints is shown when it is not
# shellcheck shell=bash disable=SC2034,SC2015
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/integration
TENANTMOVE=${TENANTMOVE:-$root/build/tenantmove}
tm_seed=$(dirname "$TENANTMOVE")/tests/seed/tm-seed
export TENANTMOVE_SCRATCH=${TENANTMOVE_SCRATCH:-$root/.scratch}
deep=${TENANTMOVE_DEEP:-}
python=/usr/bin/python3
this=$(basename "$0" .sh)
work=$TENANTMOVE_SCRATCH/integration/$this
embedded=$work/embedded.db
source_id=01241408242723225614
target_id=01246375399411712074
tests=0 failures=0
out='' code=0

rm -rf "$work"
mkdir -p "$work"
[[ -x $TENANTMOVE && -x $tm_seed ]] || { echo "Bail out! no program at $TENANTMOVE"; exit 1; }

result() {
    tests=$((tests + 1))
    if [[ $1 = ok ]]; then echo "ok $tests - $2"; else
        failures=$((failures + 1))
        echo "not ok $tests - $2"
        head -c 6000 | head -n 60 | sed 's/^/# /'
    fi
}

check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then result ok "$name"; else
        result bad "$name" <<<"false: $*
$said
the last command of the program ended $code and said:
$out"
    fi
}

# Ends the file: the plan of TAP, and false when a test failed.
finish() {
    echo "1..$tests"
    exit $((failures > 0))
}

up() { "$root/script/server" up "$@" >>"$work/servers.log" 2>&1 || { tail -n 20 "$work/servers.log"; echo "Bail out! $* did not start"; exit 1; }; }
port() { "$root/script/server" port "$1"; }
url() { echo "http://127.0.0.1:$(port "$1")"; }

# ---- Cassandra ----

# How tm-seed and cql.py get in: nothing, or the login of a *-login or *-tls, CA and certificate of a *-tls.
access=()
cql() { "$python" "$root/tests/servers/cql.py" --port "$cassandra_port" "${access[@]}" "$@"; }

# The tables that a move reads or writes, with the one index that the old service needs.
schema_of() {
    awk -v RS= '/CREATE KEYSPACE/ { print }
        /CREATE TABLE IF NOT EXISTS (sunbird|sunbird_courses)\.(user|user_org|user_organisation|organisation|course_batch|system_settings|user_roles) / {
            n = split($0, line, "\n")
            for (i = 1; i <= n; i++)
                if (line[i] !~ /^CREATE INDEX/ || line[i] ~ /inx_uorg_userid/)
                    print line[i]
        }' "$root/tests/schema/generation-$1.cql"
}

# Sets cassandra_name, cassandra_port and generation; makes the tables anew when it had others.
cassandra() {
    local mark
    up "$1"
    cassandra_name=$1 generation=$2 cassandra_port=$(port "$1")
    mark=$TENANTMOVE_SCRATCH/servers/$1/generation
    access=()
    if [[ $1 = *-login || $1 = *-tls ]]; then
        (umask 077 && echo cassandra >"$work/superuser")
        access=(--user cassandra --password-file "$work/superuser")
    fi
    if [[ $1 = *-tls ]]; then
        tls=$TENANTMOVE_SCRATCH/servers/$1/tls
        access+=(--ca "$tls/ca.pem" --certificate "$tls/client.pem")
    fi
    schema_of "$2" >"$work/schema.cql"
    if [[ $(cat "$mark" 2>/dev/null) != "$2" ]]; then
        rm -f "$mark"
        cql -e 'DROP KEYSPACE IF EXISTS sunbird; DROP KEYSPACE IF EXISTS sunbird_courses; DROP KEYSPACE IF EXISTS qmzbm_form_service; DROP KEYSPACE IF EXISTS sunbird_programs' &&
            cql "$work/schema.cql" || { echo "Bail out! $1 took no schema"; exit 1; }
        echo "$2" >"$mark"
    fi
    mapfile -t tables < <(sed -nE 's/^CREATE TABLE IF NOT EXISTS ([a-z_.]+) .*/\1/p' "$work/schema.cql")
    rm -f "$embedded"*
}

empty_tables() { cql -e "$(printf 'TRUNCATE %s;' "${tables[@]}")"; }

# Small enough to be quick; a number of lists and contents of every kind.
small=(--users 500 --target-users 100 --others 2000 --batches 28 --other-batches 60 --contents 300 --target-contents 100 --other-contents 200)

# Fills both; options are tm-seed's.
seed() {
    empty_tables && rm -f "$embedded"* &&
        "$tm_seed" --to "127.0.0.1:$cassandra_port" "${access[@]}" "$@" >"$work/seed.log" 2>&1 &&
        "$tm_seed" --to "embedded:$embedded" --schema "$work/schema.cql" "${@//http:\/\/127.0.0.1:*/embedded:$embedded}" >>"$work/seed.log" 2>&1 ||
        { cat "$work/seed.log"; echo "Bail out! $cassandra_name could not be seeded"; exit 1; }
}

# ---- the program ----

# More settings for tm, and for oracle.
settings=()
embedded_settings=()

# Who filters scans. The rows that were read can be compared with the oracle's only when the servers leave none out.
filter=client

# Runs the program; $1 is the move directory (made when it is not there).
tm() {
    local dir=$work/$1
    shift
    [[ -d $dir ]] || "$TENANTMOVE" init "$dir" --source $source_id --target $target_id \
        --cassandra "127.0.0.1:$cassandra_port" --consistency ONE --filter $filter "${settings[@]}" >/dev/null
    out=$("$TENANTMOVE" "$@" --dir "$dir" 2>&1)
    code=$?
}

# background DIR COMMAND...: runs it on a directory that is there; pid is its process, ended waits and sets code and out.
background() {
    "$TENANTMOVE" "${@:2}" --dir "$work/$1" >"$work/out" 2>&1 &
    pid=$!
}
ended() {
    wait "$pid"
    code=$?
    out=$(<"$work/out")
}

oracle() {
    local dir=$work/$1
    shift
    [[ -d $dir ]] || "$TENANTMOVE" init "$dir" --source $source_id --target $target_id \
        --cassandra "embedded:$embedded" "${embedded_settings[@]}" >/dev/null
    out=$("$TENANTMOVE" "$@" --dir "$dir" 2>&1)
    code=$?
}

# ends CODE [WORDS]: the last run ended so, and said so.
ends() { [[ $code -eq $1 ]] || { echo "exit code $code in place of $1"; return 1; }; says "${2:-}"; }
says() { [[ $out = *"$1"* ]] || { echo "it did not say \"$1\""; return 1; }; }

# ---- comparing ----

dump() { "$tm_seed" dump --from "$1" --table "$2" --with-timestamps "${access[@]}"; }

# dump_all FOLDER: every table of the Cassandra in use; dump_oracle: of the file.
dump_all() {
    local t
    mkdir -p "$1"
    for t in "${tables[@]}"; do dump "127.0.0.1:$cassandra_port" "$t" >"$1/$t" || return; done
}
dump_oracle() {
    local t
    mkdir -p "$1"
    for t in "${tables[@]}"; do dump "embedded:$embedded" "$t" >"$1/$t" || return; done
}

# All tables, all rows, all columns; writetimes too where no condition and no clock decides them.
same_rows() {
    dump_all "$work/rows" && dump_oracle "$work/expected" && "$python" "$here/rows.py" same "$work/expected" "$work/rows"
}

# The plan of both: the same totals per rule.
plan_of() {
    local differs='plan|digest|duration_us'
    [[ $filter = client ]] || differs+='|scanned|filtered_by_servers'
    "$TENANTMOVE" show --json --dir "$work/$1" | grep -vE "\"($differs)\":"
}
same_plan() { diff <(plan_of "$1") <(plan_of "$2"); }

# proof DIR: is there, says clean, and nothing is left.
proof() { "$python" "$here/proof.py" "$work/$1/proof.json"; }
of_deleted() { "$python" "$here/proof.py" deleted "$work/$1/proof.json"; }
same_proof() { "$python" "$here/proof.py" "$work/$1/proof.json" "$work/$2/proof.json"; }

# count STATE DIR: changes of the move in that state.
count() { "$TENANTMOVE" status --json --dir "$work/$2" | "$python" -c 'import json, sys; print(json.load(sys.stdin)["changes"][sys.argv[1]])' "$1"; }

# ---- the other servers ----

no_documents() { curl -sf -X DELETE "$(url "$1")/user,org,course-batch?ignore_unavailable=true" >/dev/null; }
same_documents() { "$python" "$here/documents.py" "$(url "$1")" "$work/rows"; }

# cypher NAME STATEMENT: the rows, one JSON list per line. Neo4j 3 or later.
cypher() {
    local path=/db/neo4j/tx/commit
    [[ $1 != neo4j ]] || path=/db/data/transaction/commit
    "$python" - "$(url "$1")$path" "$2" <<'P'
import json, sys, urllib.request
body = json.dumps({'statements': [{'statement': sys.argv[2]}]}).encode()
answer = json.load(urllib.request.urlopen(urllib.request.Request(sys.argv[1], body, {'Content-Type': 'application/json'})))
if answer['errors']:
    sys.exit(str(answer['errors']))
for row in answer['results'][0]['data']:
    print(json.dumps(row['row'], ensure_ascii=False))
P
}
no_nodes() { cypher "$1" 'MATCH (n) DETACH DELETE n'; }
nodes_text='MATCH (n:domain) RETURN n.IL_UNIQUE_ID, n.channel, n.createdFor, n.name, n.IL_FUNC_OBJECT_TYPE'
same_nodes() { diff <("$python" "$here/nodes.py" "$embedded" | sort) <(cypher "$1" "$nodes_text" | sort); }

# standin old|new CASSANDRA ELASTICSEARCH [OPTIONS]: sets standin to its address.
standin() {
    local mark=$TENANTMOVE_SCRATCH/servers/sunbird-$1/wired wish
    wish="$cassandra_port $(port "$2") ${3:-}"
    if [[ $(cat "$mark" 2>/dev/null) != "$wish" ]]; then
        "$root/script/server" down "sunbird-$1" >/dev/null 2>&1
        rm -f "$mark"
    fi
    SUNBIRD_CASSANDRA=127.0.0.1:$cassandra_port SUNBIRD_ELASTICSEARCH=$(url "$2") SUNBIRD_OPTIONS=${3:-} up "sunbird-$1"
    echo "$wish" >"$mark"
    standin=$(url "sunbird-$1")
    tell '{"reset": true}'
}
tell() { curl -sf "$standin/_standin" -d "$1" >/dev/null; }
asked() { curl -sf "$standin/_standin" | "$python" -c 'import json, sys; print(eval(sys.argv[1], json.load(sys.stdin)))' "$1"; }
