#!/bin/bash
# A small move on every Cassandra that is supported, open, with a login, and with TLS too, compressed and not: the same
# plan and the same rows as in the embedded file. Three nodes of each: ring.sh.
# shellcheck disable=SC2317,SC2015
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# Twelve servers and 24 moves. script/test runs the two most different, in whole_chain.sh and tls.sh.
[[ $deep ]] || { echo "1..0 # SKIP only with --deep"; exit 0; }
export TENANTMOVE_CASSANDRA_HEAP=${TENANTMOVE_CASSANDRA_HEAP:-512M}

# settings_of SERVER COMPRESSION: how the program gets in.
settings_of() {
    settings=(--compression="$2")
    if [[ $1 = *-login || $1 = *-tls ]]; then
        settings+=(--cassandra-user cassandra --cassandra-password-file "$work/superuser")
    fi
    if [[ $1 = *-tls ]]; then
        settings+=(--cassandra-tls --cassandra-ca-file "$tls/ca.pem")
        [[ $1 != *3.11* ]] || settings+=(--cassandra-certificate-file "$tls/client.pem")
    fi
}

# encrypted SERVER: check says TLS where there is TLS, and only there.
encrypted() {
    if [[ $1 = *-tls ]]; then says "TLS 1.3 TLS_"; else ! says "TLS 1." >/dev/null; fi
}

# compressed YES-OR-NO: check says LZ4 where it was asked for, and only there.
compressed() {
    if [[ $1 = yes ]]; then says ", LZ4"; else ! says ", LZ4" >/dev/null; fi
}

# move SERVER COMPRESSION
move() {
    local what="$1, compression $2" step
    settings_of "$1" "$2"
    rm -rf "$work"/{real,oracle}
    seed "${small[@]}"
    tm real check
    check "$what: check" ends 0
    check "$what: encrypted, or not" encrypted "$1"
    check "$what: compressed, or not" compressed "$2"
    oracle oracle plan
    tm real plan
    check "$what: plan" ends 0
    check "$what: the same plan as of the file" same_plan real oracle
    for step in apply verify retire verify; do
        oracle oracle $step
        check "$what: the oracle's $step" ends 0
        tm real $step
        check "$what: $step" ends 0
    done
    check "$what: the same rows as in the file" same_rows
    check "$what: every change is read back" test "$(count "read back" real)" = "$(count all oracle)"
}

# version NAME GENERATION: its three servers run at once, and no other's.
version() {
    local server compression
    up "$1" "$1-login" "$1-tls"
    for server in "$1" "$1-login" "$1-tls"; do
        cassandra "$server" "$2"
        for compression in yes no; do move "$server" $compression; done
    done
    "$root/script/server" down "$1" "$1-login" "$1-tls" >>"$work/servers.log" 2>&1
}

# Words are the versions to run, in place of all.
wanted=" ${*:-cassandra-3.11 cassandra-4.0 cassandra-4.1 cassandra} "
for pair in cassandra-3.11:1 cassandra-4.0:2 cassandra-4.1:3 cassandra:3; do
    [[ $wanted != *" ${pair%:*} "* ]] || version "${pair%:*}" "${pair#*:}"
done
finish
