#!/bin/bash
# ledger.sh: a ledger with flipped bytes, at many offsets: never a crash, never a false success. Prints TAP.
# What stands in single quotes is evaluated by check; some functions also take the words of a run.
# shellcheck disable=SC2016,SC2119,SC2120
set -uo pipefail
# shellcheck source=tests/integration/tap.sh
. "$(dirname "$0")/../integration/tap.sh"
cd "$work" || exit 1
offsets=75
[[ ! ${TENANTMOVE_DEEP:-} ]] || offsets=3000

"$seed" --to embedded:start.db --schema "$root/tests/schema/generation-1.cql" --users 20 --target-users 5 --others 10 --batches 3 \
    --other-batches 2 >/dev/null
rows() {
    local table
    for table in user user_org course_batch organisation; do
        "$seed" dump --from "embedded:$1" --table "sunbird.$table" || return 1
    done
}
cp start.db servers.db
"$TENANTMOVE" init move --cassandra "embedded:$work/servers.db" --source "$source_id" --target "$target_id" >/dev/null
"$TENANTMOVE" plan --dir move >/dev/null
cp move/ledger.db planned.db
check "apply with a whole ledger" run 0 "$TENANTMOVE" apply --dir move
rows servers.db >wanted
cp move/ledger.db applied.db
size=$(stat -c %s planned.db)
applied_size=$(stat -c %s applied.db)

# flip FILE OFFSET: there, or at the next byte that is not 0: most of a small ledger is room that nobody uses yet.
flip() {
    /usr/bin/python3 - "$@" <<'P'
import sys
with open(sys.argv[1], 'r+b') as f:
    whole, at = f.read(), int(sys.argv[2])
    at = next((i for i in range(at, len(whole)) if whole[i]), at)
    f.seek(at)
    f.write(bytes([whole[at] ^ 0xff]))
P
}

# ended CODE: as the program may end, not as a crash or a sanitizer does.
ended() { [[ " 0 1 2 3 " = *" $1 "* ]]; }

crashes=() wrong=() refusals=0
for ((i = 0; i < offsets; i++)); do
    # A step without a common factor with the page size, so that every part of a page is met.
    at=$(((i * (size / offsets) + i * 7) % size))
    cp planned.db move/ledger.db
    rm -f move/ledger.db-*
    flip move/ledger.db $at
    cp start.db servers.db
    code=0
    "$TENANTMOVE" apply --dir move >apply.log 2>&1 || code=$?
    ended $code || crashes+=("$at: apply ended with $code: $(tail -n 3 apply.log)")
    [[ $code -eq 0 ]] || refusals=$((refusals + 1))
    rows servers.db >now
    if [[ $code -eq 0 ]] && ! cmp -s now wanted; then wrong+=("$at: apply ended 0 with other rows"); fi
done
none() { [[ $# -eq 0 ]] || { printf '%s\n' "$@"; return 1; }; }
check "apply never crashes ($offsets damaged ledgers)" none "${crashes[@]}"
check "apply never says that all is done when it is not" none "${wrong[@]}"
check "damage was seen ($refusals of $offsets)" test "$refusals" -gt $((offsets / 6))

crashes=() wrong=()
rows servers.db >now
for ((i = 0; i < offsets / 3; i++)); do
    at=$(((i * (applied_size / (offsets / 3)) + i * 7) % applied_size))
    cp applied.db move/ledger.db
    rm -f move/ledger.db-*
    flip move/ledger.db $at
    cp start.db servers.db # nothing was moved in truth
    for command in verify "show --changes" status; do
        code=0
        # shellcheck disable=SC2086
        "$TENANTMOVE" $command --dir move >log 2>&1 || code=$?
        ended $code || crashes+=("$at: $command ended with $code: $(tail -n 3 log)")
        [[ $command != verify || $code -ne 0 ]] || wrong+=("$at: verify proved a move that was not made")
    done
done
check "verify, show and status never crash" none "${crashes[@]}"
check "verify never proves what is not so" none "${wrong[@]}"

cut_short() {
    local n code
    for n in 0 1 100 4096 $((size / 2)) $((size - 1)); do
        head -c "$n" planned.db >move/ledger.db
        rm -f move/ledger.db-*
        cp start.db servers.db
        code=0
        "$TENANTMOVE" apply --dir move >log 2>&1 || code=$?
        rows servers.db >now
        # What is missing may be a part that holds nothing.
        if [[ $code -ne 3 ]] && ! { [[ $code -eq 0 ]] && cmp -s now wanted; }; then
            echo "$n bytes: $code"
            cat log
            return 1
        fi
    done
}
check "a ledger that is cut short is refused" cut_short

finish
