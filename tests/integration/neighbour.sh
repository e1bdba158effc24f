#!/bin/bash
# A good neighbour: the rate is held, a cluster that suffers slows the run, a pause loses nothing. Behind a proxy whose
# wire gets slow, or is cut.
# shellcheck disable=SC2317,SC2015
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
trap 'kill $proxy $pid 2>/dev/null' EXIT
pid=

cassandra cassandra 2
seed "${small[@]}" --users 1500 --others 14000
settings=(--keyspace sunbird=sunbird)

wire() { echo "$1" >"$work/wire"; }
wire 0
"$root/tests/faults/slow_proxy.py" "$cassandra_port" "$work/wire" >"$work/proxy.port" &
proxy=$!
until [[ -s $work/proxy.port ]]; do sleep 0.05; done
near=$cassandra_port far=$(<"$work/proxy.port")

control() { "$TENANTMOVE" control "$@" --dir "$work/$dir"; }
# now KEY: of the running move.
now() { control status --json 2>/dev/null | "$python" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" 2>/dev/null; }
# comes SECONDS COMMAND...: the command is true before so much time is over.
comes() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [[ $SECONDS -lt $end ]] || { echo "not in time: $*"; control status; return 1; }
        sleep 0.1
    done
}
has() { [[ $(now "$1") == *"$2"* ]]; }
at_least() { [[ $(now "$1") -ge $2 ]] 2>/dev/null; }
at_most() { [[ $(now "$1") -le $2 ]] 2>/dev/null; }
logged() { grep -q "$1" "$work/$dir/log.ndjson" || { tail -n 20 "$work/$dir/log.ndjson"; return 1; }; }

# holds RATE SECONDS LESS: so many rows went through per second, or LESS of a hundred fewer; or more, by what was not used
# in the quarter of a second before and by the pages of a tenth that are on their way.
holds() {
    "$python" - "$TENANTMOVE" "$work/$dir" "$1" "$2" "$3" <<'P'
import json, subprocess, sys, time
program, folder, wanted, seconds, less = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
def rows():
    said = json.loads(subprocess.run([program, 'control', 'status', '--json', '--dir', folder], capture_output=True, check=True).stdout)
    return said['at_us'] / 1e6, said['rows']
at, had = rows()
time.sleep(seconds)
then, have = rows()
gone = then - at
most, least = wanted * (gone + 0.35), wanted * gone * (100 - less) / 100
print("%.0f rows/s in %.1f s in place of %d" % ((have - had) / gone, gone, wanted))
sys.exit(not least <= have - had <= most)
P
}

# ---- the rate ----
dir=rate
filter=auto # what is scanned after the limit is gone, the servers may filter
cassandra_port=$near tm rate check
check "check tells what probe reads take" ends 0 "ok    probe reads          p99 "
background rate plan --max-rate 1500
comes 10 at_least rows 400
check "--max-rate is held over a scan" holds 1500 4 10
control set max-rate=3000 >/dev/null
check "a new rate holds at once" holds 3000 4 10
control set max-rate=0 >/dev/null
ended
check "and without one it goes to the end" ends 0
oracle oracle plan
check "the same plan as without" same_plan rate oracle
background rate apply --max-rate 1000
comes 10 at_least rows 100
check "--max-rate is held over writes" holds 1000 3 15
control set max-rate=0 >/dev/null
ended
check "and they come to their end" ends 0
oracle oracle apply
check "the same rows as without" same_rows

# ---- the latency ----
seed "${small[@]}" --users 1500 --others 14000
rm -rf "$work/oracle"
oracle oracle plan
dir=latency
filter=client
wire 400
cassandra_port=$far tm latency check --max-latency 150
check "check says when max-latency is below that" ends 0 " > max-latency 150 ms, with nothing else of the move at work"
wire 0
background latency plan --max-latency 150 --max-rate 600
comes 10 at_least p99_us 1
wire 400
check "a cluster that suffers slows the run" comes 15 has state "slowed: p99 4"
check "which says why in the log" logged "slowed to .* rows/s, from .*: p99 of probe reads 4.. ms > max-latency 150 ms"
check "and again, as long as it suffers" comes 10 at_most allowed_rate 200
slow=$(now allowed_rate)
wire 0
check "it speeds up when the cluster is well again" comes 15 at_least allowed_rate $((slow + 40))
check "which is in the log too" logged "speeding up from"

# ---- a pause ----
control set max-latency=0 max-rate=0 >/dev/null
control pause >/dev/null
wire cut
sleep 1.5
before=$(now rows)
sleep 0.5
check "nothing is read while it is paused" test "$(now rows)" = "$before"
check "and it says that it is" has state "paused (tenantmove control resume)"
wire 0
control resume >/dev/null
ended
check "connections that were cut meanwhile are opened again" ends 0
check "the same plan as without" same_plan latency oracle
check "who paused it is in the history" grep -q "control   paused, by" <("$TENANTMOVE" status --dir "$work/$dir")

background latency apply --max-rate 300
comes 10 at_least rows 100
control pause >/dev/null
comes 10 has paused True
# The batch in hand is brought to its end first.
nothing_half_done() { [[ "$(count sent latency) $(count copied latency)" = "0 0" && $(count planned latency) -gt 1000 ]]; }
check "no change is half done while it is paused" comes 5 nothing_half_done
wire cut
sleep 0.5
wire 0
kill -INT "$pid"
ended
check "Ctrl-C ends a paused run" ends 4 "0 in doubt"
cassandra_port=$far tm latency apply
check "the same command goes on to the end" ends 0
oracle oracle apply
check "the same rows as without" same_rows
finish
