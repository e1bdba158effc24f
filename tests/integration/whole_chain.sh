#!/bin/bash
# The whole chain on real servers ends as the whole chain on an embedded file.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# chain CASSANDRA GENERATION SERVICE ELASTICSEARCH NEO4J FILTER
chain() {
    local what="$1, generation $2, $3 service, $4, $5, filter $6" step
    filter=$6
    up "$4" "$5"
    cassandra "$1" "$2"
    standin "$3" "$4"
    no_documents "$4"
    no_nodes "$5"
    seed "${small[@]}" --graph "$(url "$5")" --index "$(url "$4")"
    settings=(--neo4j "$(url "$5")" --elasticsearch "$(url "$4")" --sync-url "$standin/v1/data/sync" --sync-pause-ms 20 --verify-timeout-s 60)
    [[ $3 = old ]] || settings+=(--sync-batch-url "$(url sunbird-new-course)/v1/data/sync")
    embedded_settings=(--neo4j "embedded:$embedded" --elasticsearch "embedded:$embedded" --sync-url "embedded:$embedded" --sync-pause-ms 0)
    rm -rf "$work"/{real,oracle}
    for step in check plan; do
        oracle oracle $step
        check "$what: the oracle's $step" ends 0
        tm real $step
        check "$what: $step" ends 0
    done
    check "$what: the same plan" same_plan oracle real
    check "$what: the plan has changed nothing" same_rows
    for step in apply sync verify retire; do
        oracle oracle $step
        check "$what: the oracle's $step" ends 0
        tm real $step
        check "$what: $step" ends 0
        [[ $step != apply ]] || check "$what: the same rows after apply" same_rows
    done
    tm real verify
    check "$what: verify after retire" ends 0
    oracle oracle verify
    check "$what: the same rows in the end" same_rows
    check "$what: the same proof" same_proof real oracle
    # The old service leaves them as they are, the new one makes them anew; the embedded one never made any.
    check "$what: the deleted users' documents" test "$(of_deleted real)" = "$([[ $3 = old ]] && echo 0 10 || echo 0 0)"
    check "$what: the oracle's, too" test "$(of_deleted oracle)" = "10 0"
    check "$what: a clean proof" proof real
    check "$what: the same nodes" same_nodes "$5"
    check "$what: the documents are what the rows say" same_documents "$4"
    tm real apply
    check "$what: apply once more is done" ends 0
    check "$what: and changes nothing" same_rows
}

chain cassandra-3.11 1 old elasticsearch neo4j client
chain cassandra 3 new elasticsearch neo4j server
if [[ $deep ]]; then
    chain cassandra-3.11 2 old elasticsearch neo4j-4 auto
    chain cassandra 2 new elasticsearch-7 neo4j-5 auto
fi
finish
