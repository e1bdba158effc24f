# shellcheck shell=bash
# ($root is set by tests/cli/run)
# shellcheck disable=SC2154

# seed GENERATION: makes ./t.db, an embedded Cassandra, index and graph with the two tenants and a few others.
seed() {
    tm-seed --to "embedded:$PWD/t.db" --schema "$root/tests/schema/generation-$1.cql" --graph "embedded:$PWD/t.db" \
        --index "embedded:$PWD/t.db" --users 20 --target-users 10 --others 100 --batches 3 --other-batches 20 \
        --contents 30 --target-contents 10 --other-contents 10 >seed.log 2>&1 || cat seed.log
}

# move: seeds and makes the move directory rj.
move() {
    seed "${1:-3}"
    tenantmove init rj --cassandra "embedded:$PWD/t.db" --neo4j "embedded:$PWD/t.db" --elasticsearch \
        "embedded:$PWD/t.db" --sync-url "embedded:$PWD/t.db" --source 01241408242723225614 \
        --target 01246375399411712074 >/dev/null
    printf 'sync-pause-ms: 0\nverify-timeout-s: 20\n' >>rj/move.yaml
}

# service ANSWER...: starts tests/cli/sync-service.py with these answers, in place of an earlier one; $service is its
# address, ./calls what it was asked.
service() {
    [ -z "${service_pid:-}" ] || kill "$service_pid"
    rm -f port calls
    touch calls
    python3 "$root/tests/cli/sync-service.py" . "$@" >/dev/null 2>service.log &
    service_pid=$!
    trap 'kill $service_pid' EXIT
    local tries=0
    until [ -e port ]; do
        sleep 0.05
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { cat service.log; exit 99; }
    done
    # shellcheck disable=SC2034 # for the test
    service=127.0.0.1:$(cat port)
}
