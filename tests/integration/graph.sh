#!/bin/bash
# graph.sh: graph/neo4j.c against a real, empty Neo4j.
#
#   tests/integration/graph.sh GRAPH_CHECK URL [tx-path]
#
# GRAPH_CHECK  the built program; URL: http://127.0.0.1:17474; tx-path: where curl opens transactions, /db/neo4j/tx
# (default) or /db/data/transaction for 3.x. Login: GRAPH_USER and GRAPH_PASSWORD. Deletes every node of label `domain`.
# Without a word it starts the server itself. Prints TAP; ends 1 when one failed.
set -uo pipefail
if (($# == 0)); then # all by itself, within script/test
    root=$(cd "$(dirname "$0")/../.." && pwd)
    "$root/script/server" up neo4j >&2 || exit 1
    set -- "$(dirname "${TENANTMOVE:-$root/build/tenantmove}")/tests/graph_check" "http://127.0.0.1:$("$root/script/server" port neo4j)" /db/data/transaction
fi
check=$1 url=$2 tx=${3:-/db/neo4j/tx}
old=0124784842112040965 new=0124637533894942720 other=0123456789
failed=0 number=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
login=()
[[ ! ${GRAPH_USER:-} ]] || login=(-u "$GRAPH_USER:$GRAPH_PASSWORD")

post() { curl -sS -m 60 "${login[@]}" -H 'Content-Type: application/json' -d "{\"statements\":[{\"statement\":\"$2\"}]}" "$url$1"; }
cypher() {
    local answer
    answer=$(post "$tx/commit" "$1")
    grep -Eq '"errors": ?\[\]' <<<"$answer" || { echo "cypher failed: $answer" >&2; exit 2; }
    printf '%s\n' "$answer"
}
# The first column of the first row.
value() { cypher "$1" | sed -E 's/.*"row": ?\[(.*)\], ?"meta".*/\1/'; }
is() {
    number=$((number + 1))
    if [[ $2 == "$3" ]]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        printf '# wanted: %s\n# got:    %s\n' "$3" "$2"
        failed=1
    fi
}
graph() { "$check" "$url" "$@" </dev/null; }

# 2,600 nodes: three pages of 1000 are scanned; every tenth has both ids, two have no id property.
fill() {
    cypher "MATCH (n:domain) DETACH DELETE n" >/dev/null
    cypher "UNWIND range(1, 2600) AS i CREATE (:domain {IL_UNIQUE_ID: 'do_' + toString(i), channel: '$old', createdFor: CASE WHEN i % 10 = 0 THEN ['x', '$old', 'y'] ELSE ['$old'] END})" >/dev/null
    cypher "UNWIND range(1, 300) AS i CREATE (:domain {IL_UNIQUE_ID: 'other_' + toString(i), channel: '$other', createdFor: ['$other']})" >/dev/null
    cypher "CREATE (:domain {IL_UNIQUE_ID: 'only_list', channel: '$other', createdFor: ['a', '$old']}), (:domain {IL_UNIQUE_ID: 'no_list', channel: '$old'}), (:domain {channel: '$old'}), (:other {IL_UNIQUE_ID: 'do_label', channel: '$old'}), (:domain {IL_UNIQUE_ID: 'no_channel', createdFor: ['$old']}), (:domain {IL_UNIQUE_ID: 'text_list', channel: '$other', createdFor: '$other'}), (:domain {IL_UNIQUE_ID: 'empty_list', channel: '$old', createdFor: []})" >/dev/null
}

# Starts a move that waits after its plan; go lets it write.
plan() {
    rm -f "$scratch/go"; mkfifo "$scratch/go"
    "$check" "$url" move "$old" "$old" "$new" "$new" <"$scratch/go" >"$scratch/out" 2>&1 &
    mover=$!
    exec {go}>"$scratch/go"
    for ((i = 0; i < 300; i++)); do
        grep -q '^planned\|^fault' "$scratch/out" && return
        sleep 0.1
    done
}
go() { echo >&"$go"; exec {go}>&-; }
finish() { wait "$mover"; }

graph about
fill
is 'the count is right' "$(graph count "$old" "$old")" 'matching 2605 of 2906'
is 'the scan gives each node once' "$(graph scan "$old" "$old" | sort | uniq | wc -l)" 2605
is 'a list keeps its order' "$(graph scan "$old" "$old" | grep '^do_10 ')" "do_10 $old [x,$old,y]"
is 'what a node does not have is null' "$(graph scan "$old" "$old" | grep '^no_list ')" "no_list $old -"
is 'an empty list is not null' "$(graph scan "$old" "$old" | grep '^empty_list ')" "empty_list $old []"

plan; go; finish
is 'every planned node is written' "$(tail -n 2 "$scratch/out")" $'done 2605 was 0 conflict 0 gone 0\nright 2605'
is 'nothing is left' "$(graph count "$old" "$old")" 'matching 0 of 2906'
is 'other elements of a list stay' "$(value "MATCH (n:domain {IL_UNIQUE_ID: 'do_10'}) RETURN n.channel + ' ' + n.createdFor[0] + n.createdFor[1] + n.createdFor[2]")" "\"$new x${new}y\""
is 'an absent list stays absent' "$(value "MATCH (n:domain {IL_UNIQUE_ID: 'no_list'}) RETURN n.createdFor IS NULL")" true
is 'another label is left alone' "$(value "MATCH (n:other) RETURN n.channel")" "\"$old\""

# Edits between plan and write: each is kept.
fill
plan
cypher "MATCH (n:domain {IL_UNIQUE_ID: 'do_1'}) SET n.channel = 'third'" >/dev/null
cypher "MATCH (n:domain {IL_UNIQUE_ID: 'do_2'}) SET n.createdFor = n.createdFor + 'third'" >/dev/null
cypher "MATCH (n:domain {IL_UNIQUE_ID: 'do_3'}) DELETE n" >/dev/null
cypher "MATCH (n:domain {IL_UNIQUE_ID: 'do_4'}) SET n.channel = '$new', n.createdFor = ['$new']" >/dev/null
cypher "MATCH (n:domain {IL_UNIQUE_ID: 'do_5'}) SET n.IL_UNIQUE_ID = 'do_renamed'" >/dev/null
cypher "MATCH (n:domain {IL_UNIQUE_ID: 'do_6'}) REMOVE n:domain" >/dev/null
cypher "MATCH (n:domain {IL_UNIQUE_ID: 'do_7'}) REMOVE n.createdFor" >/dev/null
go; finish
is 'edits between plan and write are seen' "$(sed -n 2p "$scratch/out")" 'done 2598 was 1 conflict 3 gone 3'
is 'an edited channel stays' "$(value "MATCH (n:domain {IL_UNIQUE_ID: 'do_1'}) RETURN n.channel + n.createdFor[0]")" "\"third$old\""
is 'an edited list stays' "$(value "MATCH (n:domain {IL_UNIQUE_ID: 'do_2'}) RETURN n.channel + ' ' + n.createdFor[1]")" "\"$old third\""
is 'a removed list stays removed' "$(value "MATCH (n:domain {IL_UNIQUE_ID: 'do_7'}) RETURN n.createdFor IS NULL")" true
cypher "MATCH (n) WHERE n.IL_UNIQUE_ID = 'do_6' DELETE n" >/dev/null

# Two edits that are in open transactions while we write: we wait for their locks, and then keep them.
fill
plan
first=$(post "$tx" "MATCH (n:domain {IL_UNIQUE_ID: 'do_20'}) SET n.channel = 'third'" | grep -o "$tx/[0-9]*" | head -n 1)
second=$(post "$tx" "MATCH (n:domain {IL_UNIQUE_ID: 'do_700'}) SET n.createdFor = ['third']" | grep -o "$tx/[0-9]*" | head -n 1)
go
sleep 2
is 'a write waits for an open transaction' "$(wc -l <"$scratch/out")" 1
post "$first/commit" "RETURN 1" >/dev/null
sleep 1
post "$second/commit" "RETURN 1" >/dev/null
finish
is 'two concurrent edits are conflicts' "$(sed -n 2p "$scratch/out")" 'done 2603 was 0 conflict 2 gone 0'
is 'the first concurrent edit is not lost' "$(value "MATCH (n:domain {IL_UNIQUE_ID: 'do_20'}) RETURN n.channel + n.createdFor[1]")" "\"third$old\""
is 'the second concurrent edit is not lost' "$(value "MATCH (n:domain {IL_UNIQUE_ID: 'do_700'}) RETURN n.channel + n.createdFor[0]")" "\"${old}third\""

# The same batch twice at once: every node is written by one of the two, and none conflicts.
fill
plan; cp "$scratch/out" "$scratch/first"
one=$mover; exec {first_go}>&"$go"; exec {go}>&-
mv "$scratch/go" "$scratch/go1"; mv "$scratch/out" "$scratch/out1"
plan
echo >&"$first_go"; exec {first_go}>&-
go; finish; wait "$one"
sum=$(cat "$scratch/out1" "$scratch/out" | awk '/^done/ { d += $2; w += $4; c += $6; g += $8 } END { print d, w, c, g }')
is 'two writers of one plan share it' "$sum" '2605 2605 0 0'

cypher "MATCH (n:domain) DETACH DELETE n" >/dev/null
cypher "MATCH (n:other) DELETE n" >/dev/null
exit "$failed"
