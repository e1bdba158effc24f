#!/bin/bash
# connections.sh: what is at the other end is not there, not Cassandra, or will not talk. Prints TAP.
# What stands in single quotes is evaluated by check; some functions also take the words of a run.
# shellcheck disable=SC2016,SC2119,SC2120
set -uo pipefail
# shellcheck source=tests/integration/tap.sh
. "$(dirname "$0")/../integration/tap.sh"
here=$root/tests/faults
cd "$work" || exit 1
peers=()
trap 'kill "${peers[@]}" 2>/dev/null; rm -rf "$work"' EXIT

# peer KIND: sets port.
peer() {
    rm -f "$work/$1.port"
    /usr/bin/python3 "$here/peers.py" "$1" >"$work/$1.port" &
    peers+=($!)
    until [[ -s $work/$1.port ]]; do sleep 0.02; done
    port=$(<"$work/$1.port")
}

"$TENANTMOVE" init move --cassandra 127.0.0.1 --source "$source_id" --target "$target_id" >/dev/null
# Nothing of these runs may leave a ledger.
plan() { "$TENANTMOVE" plan --dir move --request-timeout-ms 1000 "$@"; }
refused() {
    local code=$1 words=$2 started=$SECONDS
    shift 2
    run "$code" plan "$@" && says "$words" && [[ ! -e move/ledger.db && $((SECONDS - started)) -lt 25 ]]
}

peer closing
check "a peer that closes at once" refused 3 "127.0.0.1:$port" --cassandra "127.0.0.1:$port"
kill "${peers[0]}"
wait "${peers[0]}" 2>/dev/null
check "nothing listens: it names the address" refused 3 "127.0.0.1:$port" --cassandra "127.0.0.1:$port"
check "nothing listens: check says so too" run 3 "$TENANTMOVE" check --dir move --cassandra "127.0.0.1:$port"
check "the port may be an option" refused 3 "127.0.0.1:$port" --cassandra 127.0.0.1 --cassandra-port "$port"
check "no such host" refused 3 nohost.invalid --cassandra nohost.invalid
peer silent
check "a peer that never answers" refused 3 "127.0.0.1:$port" --cassandra "127.0.0.1:$port"
check "a peer that never answers TLS's greeting" refused 3 "TLS's greeting" --cassandra "127.0.0.1:$port" --cassandra-tls
peer tls
check "a peer that wants TLS" refused 3 "cassandra-tls: yes" --cassandra "127.0.0.1:$port"
for kind in http noise huge half; do
    peer $kind
    check "a peer that is no Cassandra: $kind" refused 3 "127.0.0.1:$port" --cassandra "127.0.0.1:$port"
done
peer http
check "a server without TLS, where TLS is wanted" refused 3 "does not speak TLS" --cassandra "127.0.0.1:$port" --cassandra-tls
peer old
check "protocol too old: it says which is wanted" refused 3 "protocol" --cassandra "127.0.0.1:$port"
check "protocol too old: with a version that is asked for" refused 3 "protocol" --cassandra "127.0.0.1:$port" --protocol-version 3
peer auth
(umask 077 && echo wrong >password)
check "a wrong password" refused 3 "no such login" --cassandra "127.0.0.1:$port" --cassandra-user u --cassandra-password-file password
check "the wrong password is not shown" eval '! grep -q wrong "$out" "$err" move/log.ndjson'
check "a login is wanted and none is given" refused 3 "wants a login" --cassandra "127.0.0.1:$port"

# The other stores, with an embedded file for Cassandra.
"$seed" --to "embedded:$work/servers.db" --schema "$root/tests/schema/generation-1.cql" --users 5 --target-users 3 \
    --others 5 --batches 1 --other-batches 1 >/dev/null
other() { refused "$@" --cassandra "embedded:$work/servers.db"; }
closed=$(<"$work/closing.port")
port=$closed
check "nothing listens at Neo4j's address" other 3 "127.0.0.1:$port" --neo4j "http://127.0.0.1:$port"
peer old
check "Cassandra at Neo4j's address" other 3 "127.0.0.1:$port" --neo4j "http://127.0.0.1:$port"
peer http
check "a web server at Neo4j's address" other 3 "127.0.0.1:$port" --neo4j "http://127.0.0.1:$port"
stops() { run 3 "$TENANTMOVE" check --dir move --cassandra "embedded:$work/servers.db" "$@" && says STOP; }
check "a web server at Elasticsearch's address" stops --elasticsearch "http://127.0.0.1:$port"
check "an address without http" other 64 Neo4j --neo4j "127.0.0.1:$port"

finish
