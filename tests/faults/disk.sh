#!/bin/bash
# disk.sh: a full disk while planning and while applying, and a directory without rights. Prints TAP.
# It mounts small file systems, so it needs root; else it is skipped.
# What stands in single quotes is evaluated by check; some functions also take the words of a run.
# shellcheck disable=SC2016,SC2119,SC2120
set -uo pipefail
# shellcheck source=tests/integration/tap.sh
. "$(dirname "$0")/../integration/tap.sh"
cd "$work" || exit 1
mkdir small
if ! mount -t tmpfs -o size=400k tmpfs small 2>/dev/null; then
    echo "1..0 # SKIP no right to mount a file system"
    rm -rf "$work"
    exit 0
fi
trap 'umount -l "$work/small" 2>/dev/null; rm -rf "$work"' EXIT

"$seed" --to embedded:servers.db --schema "$root/tests/schema/generation-1.cql" --users 3000 --target-users 10 --others 20 \
    --batches 20 --other-batches 2 >/dev/null
cp servers.db oracle.db
rows() {
    local table
    for table in user user_org course_batch organisation; do
        "$seed" dump --from "embedded:$1" --table "sunbird.$table" || return 1
    done
}
unchanged() { rows servers.db >now && cmp now before; }
rows servers.db >before
"$TENANTMOVE" init oracle --cassandra "embedded:$work/oracle.db" --source "$source_id" --target "$target_id" >/dev/null
check "a move with room enough" eval '"$TENANTMOVE" plan --dir oracle && "$TENANTMOVE" apply --dir oracle'
rows oracle.db >wanted

move=$work/small/move
"$TENANTMOVE" init "$move" --cassandra "embedded:$work/servers.db" --source "$source_id" --target "$target_id" >/dev/null
plan() { "$TENANTMOVE" plan --dir "$move"; }
apply() { "$TENANTMOVE" apply --dir "$move"; }

check "a disk that is full while planning" run 2 plan
check "it says that the disk is full, and where" eval 'says "$move" && grep -qi "space\|full" "$err"'
check "nothing was changed" unchanged
check "apply does not take half a plan" run 3 apply
check "still nothing was changed" unchanged
mount -o remount,size=24m small
check "with more room the plan is made from the start" run 0 plan
changes() { "$TENANTMOVE" show --dir "$1" --changes --limit 0 --json | wc -l; }
check "it is whole" eval '[[ $(changes "$move") -gt 6000 && $(changes "$move") = "$(changes oracle)" ]]'

# The rest of the file system is taken away before apply begins, all but a little.
fill() {
    local free
    free=$(df --output=avail -B1 small | tail -n 1)
    head -c $((free - $1)) /dev/zero >small/filler
}
fill 0
check "a disk that is full before the first write" run 2 apply
check "nothing was changed" unchanged
# Further and further: the ledger needs room for what it marks.
partial=0 stops=0
for room in 30000 60000 90000 120000 160000 200000 400000 1600000 2400000; do
    rm -f small/filler
    fill $room
    code=0
    apply >"$out" 2>"$err" || code=$?
    [[ $code -ne 0 ]] || break
    [[ $code -eq 2 ]] && grep -qi "space\|full" "$err" && stops=$((stops + 1))
    rows servers.db >now
    cmp -s now before || cmp -s now wanted || partial=$((partial + 1))
    echo "# $room bytes: exit $code, $(cmp -s now before && echo nothing || echo something) changed"
done
check "a disk that is full while applying" test $stops -gt 0
check "something was changed, not all" test $partial -gt 0
rm small/filler
check "with room again, apply goes on to the end" run 0 apply
check "the rows are those of a run with room enough" eval 'rows servers.db >now && same wanted now'
check "verify proves it" run 0 "$TENANTMOVE" verify --dir "$move"

# A directory without rights: what root cannot write either.
cp oracle.db servers.db
mount -o remount,ro small
for command in plan apply verify retire; do
    check "$command in a directory that cannot be written" run 3 "$TENANTMOVE" $command --dir "$move"
    check "$command names the directory" says "$move"
done
check "status and show only read" eval 'run 0 "$TENANTMOVE" status --dir "$move" && run 0 "$TENANTMOVE" show --dir "$move"'
check "init says so too" run 3 "$TENANTMOVE" init small/other --cassandra x --source a --target b
check "a job's id file cannot be written" run 3 "$TENANTMOVE" job user --context_param sunbird_cassandra_server="embedded:$work/servers.db" \
    --context_param sunbird_output_file="$work/small/ids"
umount small

finish
