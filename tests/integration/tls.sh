#!/bin/bash
# A move over TLS, with a login and certificates: the same rows as the oracle; whoever is not trusted is refused before
# anything is sent; a password that is changed in the middle costs one refused login and no row.
# shellcheck disable=SC2317,SC2015
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
export TENANTMOVE_CASSANDRA_HEAP=${TENANTMOVE_CASSANDRA_HEAP:-512M}
proxies=()
trap 'kill "${proxies[@]}" 2>/dev/null' EXIT

# proxy HOST [DELAY_MS]: sets proxy_port and control_port.
proxy() {
    rm -f "$work/proxy"
    "$python" "$here/proxy.py" "$1" "$cassandra_port" "${2:-0}" >"$work/proxy" &
    proxies+=($!)
    until [[ -s $work/proxy ]]; do sleep 0.02; done
    read -r proxy_port control_port <"$work/proxy"
}
ask() { (exec 9<>"/dev/tcp/127.0.0.1/$control_port" && echo "$1" >&9 && head -n 1 <&9); }

# with OPTIONS...: check in the directory "real", with these in place of what move.yaml says.
with() { tm real check "$@"; }
stops() { ends 3 "STOP  cassandra" && says "$1" && says "${2:-}"; }
secret_is_nowhere() { ! grep -rlaF -e "$1" "$work"/{real,out}; }

up cassandra-3.11-tls cassandra-tls # each is shown the certificates of the other
for name in cassandra-3.11-tls cassandra-tls; do
    case $name in *3.11*) generation=1 foreign=cassandra-tls ;; *) generation=2 foreign=cassandra-3.11-tls ;; esac
    cassandra $name $generation
    tls=$TENANTMOVE_SCRATCH/servers/$name/tls
    cql -e "CREATE ROLE IF NOT EXISTS mover WITH LOGIN = true; ALTER ROLE mover WITH PASSWORD = 'first one' AND SUPERUSER = true"
    (umask 077 && echo "first one" >"$work/password")
    rm -rf "$work"/{real,oracle}
    settings=(--cassandra-tls --cassandra-ca-file "$tls/ca.pem" --cassandra-user mover --cassandra-password-file "$work/password")
    [[ $name != *3.11* ]] || settings+=(--cassandra-certificate-file "$tls/client.pem")
    seed "${small[@]}" --users 2000 --batches 210

    with
    check "$name: check says what was agreed on" ends 0 "TLS 1.3 TLS_"
    with --cassandra-tls=no --cassandra-ca-file "" --cassandra-certificate-file ""
    check "$name: without TLS it is refused, and which option is missing is said" stops "cassandra-tls: yes"
    with --cassandra-ca-file ""
    check "$name: the system's CAs do not know it" stops "a CA that is not trusted: $name CA" cassandra-ca-file
    with --cassandra-ca-file "$TENANTMOVE_SCRATCH/servers/$foreign/tls/ca.pem"
    check "$name: another CA is not its CA" stops "a CA that is not trusted: $name CA"
    with --cassandra "localhost:$cassandra_port"
    check "$name: its certificate names it localhost too" ends 0
    proxy 127.0.0.2
    with --cassandra "127.0.0.2:$proxy_port"
    check "$name: another address is not the server's" stops "certificate is for localhost, 127.0.0.1, not for 127.0.0.2"
    with --cassandra "127.0.0.2:$proxy_port" --cassandra-tls-verify=no
    check "$name: unless nothing is checked, which is said at the start and shown" ends 0 "NOT checked"
    check "$name: the same, shown" says "note  tls "
    with --cassandra-password-file "$work/superuser"
    check "$name: a wrong password is refused" stops 'refused the login of "mover"'
    if [[ $name = *3.11* ]]; then
        with --cassandra-certificate-file ""
        check "$name: it wants a certificate" stops "wants a certificate from us, and none is given" cassandra-certificate-file
        with --cassandra-certificate-file "$TENANTMOVE_SCRATCH/servers/$foreign/tls/client.pem"
        check "$name: it wants one of its own CA" stops "does not accept our certificate" cassandra-certificate-file
    fi

    oracle oracle plan
    tm real plan
    check "$name: plan" ends 0
    check "$name: the same plan as the oracle's" same_plan real oracle

    oracle oracle apply
    # The password is changed while apply runs, and every connection is lost.
    proxy 127.0.0.1 2
    "$TENANTMOVE" apply --dir "$work/real" --cassandra "127.0.0.1:$proxy_port" --in-flight 8 --request-timeout-ms 100000 \
        >"$work/out" 2>&1 &
    pid=$!
    "$python" "$here/settled.py" "$work/real/ledger.db" 1 $pid
    ask hold >/dev/null
    cql -e "ALTER ROLE mover WITH PASSWORD = 'second one'"
    # What the server knows of the first one is kept for two seconds.
    while cql --user mover --password-file "$work/password" -e 'SELECT key FROM system.local' >/dev/null 2>&1; do sleep 0.3; done
    before=$(ask count)
    started=$(date +%s%N)
    ask cut >/dev/null
    wait $pid
    code=$? took_ms=$((($(date +%s%N) - started) / 1000000)) logins=$(($(ask count) - before))
    out=$(<"$work/out")
    check "$name: a password changed in the middle ends the run" ends 3 'refused the login of "mover"'
    check "$name: the same, where the move stands and how to go on" eval 'says "in doubt" && says "tenantmove apply"'
    check "$name: the same, after one refused login" test "$logins" = 1
    check "$name: the same, at once" test "$took_ms" -lt 10000
    check "$name: the same, in the middle" test "$(count "read back" real)" -lt "$(count all real)"
    (umask 077 && echo "second one" >"$work/password")
    tm real apply
    check "$name: with the new password the same command goes on" ends 0
    check "$name: the same rows as the oracle's" same_rows
    tm real verify
    check "$name: verify" ends 0
    check "$name: the passwords are nowhere" eval 'secret_is_nowhere "first one" && secret_is_nowhere "second one"'
done
finish
