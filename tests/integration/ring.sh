#!/bin/bash
# A cluster of three nodes: a move goes on while nodes are cut off, hang and come back, and ends as one that ran in
# peace; its requests go to the replicas of their rows.
# shellcheck disable=SC2317,SC2015,SC2016
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# Starts of eight servers, one after the other, and what goes on between them.
[[ $deep ]] || { echo "1..0 # SKIP only with --deep"; exit 0; }

server() { "$root/script/server" "$@" >>"$work/servers.log" 2>&1; }
# Every node sees the others up: only then is a TRUNCATE taken.
healthy() {
    local n tries
    cql -e "CREATE KEYSPACE IF NOT EXISTS probe WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3};
            CREATE TABLE IF NOT EXISTS probe.t (k int PRIMARY KEY)"
    for n in 1 2 3; do
        for ((tries = 0; tries < 60; tries++)); do
            node_cql $n 'TRUNCATE probe.t' >/dev/null 2>&1 && break
            sleep 0.5
        done
    done
}
node_pid() { cat "$TENANTMOVE_SCRATCH/servers/cassandra-ring-$1/pid"; }
node_cql() { "$python" "$root/tests/servers/cql.py" --host "127.0.0.$1" --port "$cassandra_port" -e "$2"; }

# The tables of generation 2; $1 is the replication of their keyspaces.
ring() {
    schema_of 2 | sed "s/WITH replication = {[^}]*}/WITH replication = $1/" >"$work/schema.cql"
    cql -e 'DROP KEYSPACE IF EXISTS sunbird; DROP KEYSPACE IF EXISTS sunbird_courses; DROP KEYSPACE IF EXISTS qmzbm_form_service' &&
        cql "$work/schema.cql" || { echo "Bail out! the ring took no schema"; exit 1; }
    mapfile -t tables < <(sed -nE 's/^CREATE TABLE IF NOT EXISTS ([a-z_.]+) .*/\1/p' "$work/schema.cql")
    rm -f "$embedded"*
}

# They are made anew each time, and TRUNCATE wants every node.
empty_tables() { :; }

# begin_move DIR [OPTION…]: at LOCAL_QUORUM; a node that hangs is noticed after 3 s.
begin_move() {
    "$TENANTMOVE" init "$work/$1" --source $source_id --target $target_id --cassandra "127.0.0.1:$cassandra_port" \
        --filter $filter --request-timeout-ms 3000 "${@:2}" >/dev/null
}

# settled DIR N: waits until N changes are settled in the ledger, or the run ended.
settled() { "$python" "$here/settled.py" "$work/$1/ledger.db" "$2" "$pid"; }

running() { kill -0 "$pid" 2>/dev/null; }

# taken DIR: "ADDRESS REQUESTS REPLICA" for each node and run of the log.
taken() { sed -nE 's/.*"msg":"([0-9.]+):[0-9]+ took ([0-9]+) requests, ([0-9]+) of them as a replica.*/\1 \2 \3/p' "$work/$1/log.ndjson"; }

# Every node took at least a tenth of all requests, and almost all went to a replica.
spread() {
    taken "$1" | awk '{ n[$1] += $2; all += $2; replica += $3 } END {
        for (i = 1; i <= 3; i++) if (n["127.0.0." i] < all / 10) bad = 1
        for (a in n) printf "%s %d of %d\n", a, n[a], all
        print replica " as a replica"
        exit bad || all < 200 || replica < all * 0.8 }'
}

server wipe cassandra-ring # a run that was cut off may have left nodes that do not agree on the schema
up cassandra-ring
cassandra_name=cassandra-ring cassandra_port=$(port cassandra-ring)
healthy
ring "{'class': 'SimpleStrategy', 'replication_factor': 3}"
seed "${small[@]}" --users 1000 --others 1000 --batches 60
oracle oracle plan

begin_move real
tm real check
check "check names the nodes" says "3 nodes: 127.0.0.1:$cassandra_port up, 127.0.0.2:$cassandra_port up, 127.0.0.3:$cassandra_port up"

background real plan
sleep 0.7
inside=$(running && echo yes)
server kill cassandra-ring-3
ended
check "plan: a node is cut off in the middle" ends 0
check "plan: that was in the middle" test "$inside" = yes
check "plan: the same as of the file" same_plan real oracle
oracle oracle apply
check "the oracle is applied" ends 0
tm real check
check "check names the node that is down" says "127.0.0.3:$cassandra_port (data center dc1, rack r3) is down"
check "check says nothing stops the move" ends 0
server up cassandra-ring-3
healthy

background real apply --in-flight 4
settled real $(($(count all oracle) / 5))
inside=$(running && echo yes)
server kill cassandra-ring-2
check "apply: a node is cut off in the middle" test "$inside" = yes
(server up cassandra-ring-2) &
comeback=$!
ended
check "apply: it goes on without the node" ends 0
wait $comeback
healthy

# The contact point hangs, again and again: it takes requests and answers none.
background real verify
for _ in 1 2 3; do
    kill -STOP "$(node_pid 1)"
    sleep 1
    kill -CONT "$(node_pid 1)"
    sleep 0.3
    running || break
done
kill -STOP "$(node_pid 1)"
ended
kill -CONT "$(node_pid 1)"
check "verify: the contact point comes and goes" ends 0
healthy
check "the same rows as without" same_rows
check "every change is read back" test "$(count "read back" real)" = "$(count all oracle)"

ring "{'class': 'NetworkTopologyStrategy', 'dc1': 1}"
seed "${small[@]}"
begin_move single
tm single plan
check "one copy: plan" ends 0
check "one copy: requests are spread over the nodes, and go to replicas" spread single
rm "$work/single/log.ndjson"
tm single apply --in-flight 2000
check "one copy: apply" ends 0
check "one copy: rows are read and written where they are" spread single

server wipe cassandra-ring
TENANTMOVE_RING="dc1:r1 dc1:r2 dc2:r1" up cassandra-ring
cassandra_port=$(port cassandra-ring)
healthy
ring "{'class': 'NetworkTopologyStrategy', 'dc1': 2, 'dc2': 1}"
seed "${small[@]}"
oracle two-oracle plan
begin_move two
tm two check
check "two data centers: check says who is asked" says "1 node, not asked: 127.0.0.3:$cassandra_port"
tm two plan
check "two data centers: plan" ends 0
check "two data centers: the same as of the file" same_plan two two-oracle
only_local() { taken "$1" && ! taken "$1" | grep -F 127.0.0.3; }
check "two data centers: nodes of the other one are not asked" only_local two
"$TENANTMOVE" init "$work/far" --source $source_id --target $target_id --local-dc dc1 \
    --cassandra "127.0.0.3:$cassandra_port" >/dev/null
tm far check
check "a contact point in the other one: check says so" says "127.0.0.3:$cassandra_port, which you named, is in data center dc2"
tm far plan
check "a contact point in the other one: plan" ends 0
check "a contact point in the other one: it only tells what there is" only_local far
tm far check --local-dc DC1
check "a data center that is not there" says "the cluster has no data center DC1"
server wipe cassandra-ring
finish
