#!/bin/bash
# A cluster of three nodes of every Cassandra that is supported: a move goes on while nodes are cut off, hang and come
# back, and ends as one that ran in peace; its requests go to the replicas of their rows.
# shellcheck disable=SC2317,SC2015,SC2016
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# Of each version starts of eight servers, one after the other, and what goes on between them.
[[ $deep ]] || { echo "1..0 # SKIP only with --deep"; exit 0; }

server() { "$root/script/server" "$@" >>"$work/servers.log" 2>&1; }
# Every node sees the others up, and has the same schema: only then is a TRUNCATE taken.
healthy() {
    local n
    again cql -e "CREATE KEYSPACE IF NOT EXISTS probe WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3};
                  CREATE TABLE IF NOT EXISTS probe.t (k int PRIMARY KEY)"
    for n in 1 2 3; do again node_cql $n 'TRUNCATE probe.t'; done
}
# again COMMAND...: until it is true, half a minute long.
again() {
    local tries
    for ((tries = 0; tries < 60; tries++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.5
    done
    echo "Bail out! the ring does not get healthy: $*"
    exit 1
}
# Nodes of a run that was cut off may not agree on the schema.
fresh() {
    server wipe "$ring"
    up "$ring"
    cassandra_port=$(port "$ring")
    healthy
}
node_pid() { cat "$TENANTMOVE_SCRATCH/servers/$ring-$1/pid"; }
node_cql() { "$python" "$root/tests/servers/cql.py" --host "127.0.0.$1" --port "$cassandra_port" -e "$2"; }

# The tables of generation 2; $1 is the replication of their keyspaces.
schema() {
    schema_of 2 | sed "s/WITH replication = {[^}]*}/WITH replication = $1/" >"$work/schema.cql"
    cql -e 'DROP KEYSPACE IF EXISTS sunbird; DROP KEYSPACE IF EXISTS sunbird_courses; DROP KEYSPACE IF EXISTS qmzbm_form_service' &&
        cql "$work/schema.cql" || { echo "Bail out! the ring took no schema"; exit 1; }
    mapfile -t tables < <(sed -nE 's/^CREATE TABLE IF NOT EXISTS ([a-z_.]+) .*/\1/p' "$work/schema.cql")
    rm -rf "$embedded"* "$work"/{real,oracle,single,two,two-oracle,far}
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

# Whoever has a row is asked for it.
one_copy() {
    schema "{'class': 'NetworkTopologyStrategy', 'dc1': 1}"
    seed "${small[@]}"
    begin_move single
    tm single check
    check "$ring: it is that version" says "$([[ $version = cassandra ]] && echo 5.0. || echo "${version#*-}.")"
    tm single plan
    check "$ring: one copy: plan" ends 0
    # Again: right after its start a server may take longer to prepare a statement than a replica is waited for.
    rm "$work/single/log.ndjson"
    tm single plan --again
    check "$ring: one copy: plan, again" ends 0
    check "$ring: one copy: requests are spread over the nodes, and go to replicas" spread single
    rm "$work/single/log.ndjson"
    tm single apply --in-flight 2000
    check "$ring: one copy: apply" ends 0
    check "$ring: one copy: rows are read and written where they are" spread single
}

# Nodes are cut off, hang and come back.
three_copies() {
    schema "{'class': 'SimpleStrategy', 'replication_factor': 3}"
    seed "${small[@]}" --users 1000 --others 1000 --batches 60
    oracle oracle plan

    begin_move real
    tm real check
    check "$ring: check names the nodes" says "3 nodes: 127.0.0.1:$cassandra_port up, 127.0.0.2:$cassandra_port up, 127.0.0.3:$cassandra_port up"

    background real plan
    sleep 0.7
    inside=$(running && echo yes)
    server kill "$ring-3"
    ended
    check "$ring: plan: a node is cut off in the middle" ends 0
    check "$ring: plan: that was in the middle" test "$inside" = yes
    check "$ring: plan: the same as of the file" same_plan real oracle
    oracle oracle apply
    check "$ring: the oracle is applied" ends 0
    tm real check
    check "$ring: check names the node that is down" says "127.0.0.3:$cassandra_port (data center dc1, rack r3) is down"
    check "$ring: check says nothing stops the move" ends 0
    server up "$ring-3"
    healthy

    background real apply --in-flight 4
    settled real $(($(count all oracle) / 5))
    inside=$(running && echo yes)
    server kill "$ring-2"
    check "$ring: apply: a node is cut off in the middle" test "$inside" = yes
    (server up "$ring-2") &
    comeback=$!
    ended
    check "$ring: apply: it goes on without the node" ends 0
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
    check "$ring: verify: the contact point comes and goes" ends 0
    healthy
    check "$ring: the same rows as without" same_rows
    check "$ring: every change is read back" test "$(count "read back" real)" = "$(count all oracle)"
}

only_local() { taken "$1" && ! taken "$1" | grep -F 127.0.0.3; }

# Only the nodes of one are asked.
two_centers() {
    TENANTMOVE_RING="dc1:r1 dc1:r2 dc2:r1" fresh
    schema "{'class': 'NetworkTopologyStrategy', 'dc1': 2, 'dc2': 1}"
    seed "${small[@]}"
    oracle two-oracle plan
    begin_move two
    tm two check
    check "$ring: two data centers: check says who is asked" says "1 node, not asked: 127.0.0.3:$cassandra_port"
    tm two plan
    check "$ring: two data centers: plan" ends 0
    check "$ring: two data centers: the same as of the file" same_plan two two-oracle
    check "$ring: two data centers: nodes of the other one are not asked" only_local two
    "$TENANTMOVE" init "$work/far" --source $source_id --target $target_id --local-dc dc1 \
        --cassandra "127.0.0.3:$cassandra_port" >/dev/null
    tm far check
    check "$ring: a contact point in the other one: check says so" says "127.0.0.3:$cassandra_port, which you named, is in data center dc2"
    tm far plan
    check "$ring: a contact point in the other one: plan" ends 0
    check "$ring: a contact point in the other one: it only tells what there is" only_local far
    tm far check --local-dc DC1
    check "$ring: a data center that is not there" says "the cluster has no data center DC1"
}

# Words are the versions to run, in place of all.
wanted=" ${*:-cassandra-3.11 cassandra-4.0 cassandra-4.1 cassandra} "
for version in cassandra-3.11 cassandra-4.0 cassandra-4.1 cassandra; do
    [[ $wanted = *" $version "* ]] || continue
    ring=$version-ring cassandra_name=$ring
    # One copy first: a node that was cut off gets its writes later, and Cassandra 5.0 may not survive that a keyspace
    # is dropped meanwhile.
    fresh
    one_copy
    three_copies
    two_centers
    server wipe "$ring"
done
finish
