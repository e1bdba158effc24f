# tls.sh: the keys and certificates of a Cassandra with TLS; sourced by script/server.
# shellcheck shell=bash disable=SC2154

# Makes, once, in $dir/tls: ca.pem; node.p12 and trust.p12 for the server; client.pem, certificate and key, for
# those who connect. They are worth nothing outside these tests.
tls_files() {
    local home=$1 tls=$dir/tls kind=rsa:2048
    [[ ! -s $tls/trust.p12 ]] || return 0
    [[ $version != 3.11.* ]] || kind=ec    # the other sort of key
    rm -rf "$tls"
    (
        umask 077
        mkdir -p "$tls" && cd "$tls" || exit
        key=(-newkey $kind -nodes)
        [[ $kind != ec ]] || key+=(-pkeyopt ec_paramgen_curve:P-256)
        signed() {
            openssl req "${key[@]}" -keyout "$1.key" -subj "/CN=$1" |
                openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile <(echo "$2") -out "$1.crt"
        }
        set -e
        openssl req -x509 "${key[@]}" -keyout ca.key -out ca.pem -subj "/CN=$name CA" -days 3650
        signed node "subjectAltName=DNS:localhost,IP:127.0.0.1"
        signed client "extendedKeyUsage=clientAuth"
        openssl pkcs12 -export -in node.crt -inkey node.key -certfile ca.pem -name node -out node.p12 -passout pass:changeit
        cat client.crt client.key >client.pem
        "$home/bin/keytool" -importcert -noprompt -alias ca -file ca.pem -keystore trust.p12 -storetype PKCS12 \
            -storepass changeit
    ) >"$dir/tls.log" 2>&1 || { cat "$dir/tls.log" >&2; fail "$name: no keys could be made"; }
}

# Prints what cassandra.yaml says about them; $1: whether a client must have a certificate.
tls_settings() {
    cat <<Y
client_encryption_options:
  enabled: true
  optional: false
  keystore: $dir/tls/node.p12
  keystore_password: changeit
  store_type: PKCS12
  require_client_auth: $1
  truststore: $dir/tls/trust.p12
  truststore_password: changeit
Y
}
