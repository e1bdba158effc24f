# move.sh: a small move for the tests whose cmd sources it (. "$here/../move.sh"); the schema is generation 1.
# shellcheck shell=bash
# s: the tool that seeds; the file servers.db has the two tenants; rj is a move directory.
s=$(dirname "$(readlink -f "$(command -v tenantmove)")")/tests/seed/tm-seed
source_id=01241408242723225614
target_id=01246375399411712074
# shellcheck disable=SC2154
"$s" --to embedded:servers.db --schema "$root/tests/schema/generation-${generation:-1}.cql" --users 14 --target-users 9 \
    --others 40 --batches 2 --other-batches 3 >seed.log || exit 99
tenantmove init rj --cassandra "embedded:$PWD/servers.db" --source $source_id --target $target_id >init.log || exit 99

# put TABLE COLUMN=VALUE...: changes the seeded data.
put() {
    local table=$1
    shift
    "$s" put --to embedded:servers.db --table "sunbird.$table" "$@"
}

# rows: every row of every table that a rule may change, with writetimes.
rows() {
    local table
    for table in user user_org course_batch organisation; do
        "$s" dump --from embedded:servers.db --table "sunbird.$table" --with-timestamps || exit 99
    done
}

# code COMMAND...: says how it ended.
code() {
    local c=0
    "$@" || c=$?
    echo "exit $c"
}

# unchanged: nothing was written since the last rows >before.
unchanged() { rows | cmp - before && echo "nothing was changed"; }
