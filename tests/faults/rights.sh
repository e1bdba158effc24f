#!/bin/bash
# rights.sh: a login that may read but not write is found before the first write. Prints TAP.
# What stands in single quotes is evaluated by check; some functions also take the words of a run.
# shellcheck disable=SC2016,SC2119,SC2120
set -uo pipefail
# shellcheck source=tests/integration/tap.sh
. "$(dirname "$0")/../integration/tap.sh"
cd "$root" || exit 1
export TENANTMOVE_CASSANDRA_HEAP=${TENANTMOVE_CASSANDRA_HEAP:-512M}
echo cassandra >"$work/superuser"
echo "s3cret word" >"$work/password"

for server in cassandra-login cassandra-3.11-login; do
    script/server up $server >"$work/servers" 2>&1 || { cat "$work/servers"; echo "Bail out! $server does not start"; exit 1; }
    port=$(script/server port $server)
    admin() { cql --port "$port" --user cassandra "$@"; }
    admin -e "DROP KEYSPACE IF EXISTS sunbird; DROP ROLE IF EXISTS reader;
        CREATE ROLE reader WITH PASSWORD = 's3cret word' AND LOGIN = true"
    admin tests/schema/generation-1.cql
    "$seed" --to "127.0.0.1:$port" --user cassandra --password-file "$work/superuser" --users 14 --target-users 5 --others 30 \
        --batches 2 --other-batches 2 >/dev/null
    rows() {
        local table
        for table in user user_org course_batch organisation; do
            "$seed" dump --from "127.0.0.1:$port" --table sunbird.$table --user cassandra --password-file "$work/superuser" \
                --with-timestamps || return 1
        done
    }
    rows >"$work/before"
    move=$work/$server
    "$TENANTMOVE" init "$move" --cassandra "127.0.0.1:$port" --cassandra-user reader --cassandra-password-file "$work/password" \
        --source "$source_id" --target "$target_id" >/dev/null
    move() { "$TENANTMOVE" "$1" --dir "$move"; }
    unchanged() { rows >"$work/after" && same "$work/before" "$work/after"; }

    check "$server: without a right to read, plan is refused" eval 'run 3 move plan && says sunbird.organisation'
    admin -e "GRANT SELECT ON KEYSPACE sunbird TO reader"
    sleep 2 # rights are cached that long
    check "$server: check finds that the login may not write" eval 'run 3 move check && says "STOP  rule user" && says MODIFY'
    check "$server: plan only reads" run 0 move plan
    check "$server: apply is refused and says which right is missing" eval 'run 3 move apply && says sunbird.user && says MODIFY'
    check "$server: nothing was changed" unchanged
    job() {
        "$TENANTMOVE" job user --context_param sunbird_cassandra_server=127.0.0.1 --context_param sunbird_cassandra_port="$port" \
            --context_param sunbird_cassandra_username=reader --context_param sunbird_cassandra_password="s3cret word" \
            --context_param sunbird_output_file="$work/$server.ids"
    }
    check "$server: the page's job is refused" eval 'run 3 job && says MODIFY'
    check "$server: nothing was changed by it" unchanged
    admin -e "GRANT MODIFY ON sunbird.user TO reader; GRANT MODIFY ON sunbird.user_org TO reader"
    sleep 2
    check "$server: a right that only a later rule needs is missed before the first write" eval 'run 3 move apply && says sunbird.course_batch'
    check "$server: nothing was changed then either" unchanged
    admin -e "GRANT MODIFY ON KEYSPACE sunbird TO reader"
    sleep 2
    check "$server: with all rights it goes on" run 0 move apply
    check "$server: the password is nowhere" eval '! grep -rlaF "s3cret word" "$move" "$work/$server.ids"*'
done

finish
