# cassandra.sh: how a Cassandra node is started; sourced by script/server, which sets name, variant, version and dir.
# shellcheck shell=bash disable=SC2154,SC2034

# All nodes of a ring have the same port for each other, chosen at the first start of the first one.
storage_port() {
    local file=${dir%-*}-1/storage-port
    if [[ $variant != ring ]]; then
        free_port $((port + 1000)) "$self"
        return
    fi
    [[ -s $file ]] || free_port $((port + 1000)) "$self" >"$file"
    cat "$file"
}

# A ring that begins empty: tokens in even steps, nobody streams anything.
join_ring() {
    local n=${name##*-} places=() tokens
    read -ra places <<<"${TENANTMOVE_RING:-dc1:r1 dc1:r2 dc1:r3}"
    printf 'dc=%s\nrack=%s\n' "${places[n - 1]%:*}" "${places[n - 1]#*:}" >"$conf/cassandra-rackdc.properties"
    tokens=$(for ((i = 0; i < 4; i++)); do echo $((-9223372036854775807 + (i * 3 + n - 1) * 1537228672809129301)); done)
    cat >>"$conf/cassandra.yaml" <<Y
endpoint_snitch: GossipingPropertyFileSnitch
auto_bootstrap: false
initial_token: "$(paste -sd, <<<"$tokens")"
Y
}

# Lines of CASSANDRA_SETTINGS take the place of those with the same key in $1.
cassandra_settings() {
    local line
    while read -r line; do
        [[ $line ]] || continue
        sed -i "/^${line%%:*}:/d" "$1"
        echo "$line" >>"$1"
    done <<<"${CASSANDRA_SETTINGS:-}"
}

# Sets run; only key names that all of 3.11 to 5.0 read.
cassandra_command() {
    local home jars port storage jmx conf=$dir/conf module heap=768M more
    home=$(java_home)
    jars=$(cat "$(class_path)")
    port=$(<"$dir/port")
    storage=$(storage_port)
    jmx=$(free_port $((port + 2000)) "$self")
    mkdir -p "$conf" "$dir/data/tmp"
    cat >"$conf/cassandra.yaml" <<Y
cluster_name: tenantmove
num_tokens: 4
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [ { seeds: "127.0.0.1" } ]
listen_address: $host
rpc_address: $host
storage_port: $storage
start_native_transport: true
native_transport_port: $port
commitlog_sync: periodic
commitlog_sync_period_in_ms: 1000
commitlog_segment_size_in_mb: 16
commitlog_total_space_in_mb: 256
disk_failure_policy: stop
commit_failure_policy: stop
auto_snapshot: false
concurrent_reads: 8
concurrent_writes: 8
concurrent_compactors: 1
file_cache_size_in_mb: 32
key_cache_size_in_mb: 8
memtable_heap_space_in_mb: 128
memtable_offheap_space_in_mb: 128
read_request_timeout_in_ms: 10000
range_request_timeout_in_ms: 20000
write_request_timeout_in_ms: 10000
request_timeout_in_ms: 20000
Y
    cassandra_settings "$conf/cassandra.yaml"
    if [[ $version = 3.11.* ]]; then
        printf 'start_rpc: false\ndisk_access_mode: standard\n' >>"$conf/cassandra.yaml"  # no un-mmap on Java 17
    fi
    if [[ $variant = ring ]]; then
        heap=512M
        join_ring
    else
        echo 'endpoint_snitch: SimpleSnitch' >>"$conf/cassandra.yaml"
    fi
    if [[ $variant = tls ]]; then
        tls_files "$home"
        tls_settings "$([[ $version = 3.11.* ]] && echo true || echo false)" >>"$conf/cassandra.yaml"
    fi
    if [[ $variant = login || $variant = tls ]]; then
        printf 'authenticator: PasswordAuthenticator\nauthorizer: CassandraAuthorizer\nrole_manager: CassandraRoleManager\n' \
            >>"$conf/cassandra.yaml"
    fi
    cat >"$conf/logback.xml" <<L
<configuration>
  <appender name="O" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %F:%L %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="O"/></root>
</configuration>
L
    run=("$home/bin/java" "-Dtenantmove.server=$dir." -Xms192M "-Xmx${TENANTMOVE_CASSANDRA_HEAP:-$heap}" -Xss512k
        -XX:+UseSerialGC -XX:-UsePerfData -Djava.net.preferIPv4Stack=true
        "-javaagent:$(grep -o '[^:]*/jamm-[^:]*' <<<"$jars")"
        "-Dlogback.configurationFile=$conf/logback.xml" "-Dcassandra.config=file://$conf/cassandra.yaml"
        "-Dcassandra.storagedir=$dir/data" "-Dcassandra.logdir=$dir/data"
        "-Dcassandra.jmx.local.port=$jmx" -Djava.rmi.server.hostname=127.0.0.1 -Dcassandra-foreground=yes
        "-Djava.io.tmpdir=$dir/data/tmp" "-Djna.tmpdir=$dir/data/tmp"
        -Dio.netty.tryReflectionSetAccessible=true
        -Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=2000
        -Dcassandra.superuser_setup_delay_ms=0 -Djdk.attach.allowAttachSelf=true)
    for module in java.base/jdk.internal.{misc,ref,util} java.base/sun.nio.ch java.base/java.lang.ref \
        java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.{registry,server} java.sql/java.sql \
        jdk.unsupported/sun.misc jdk.attach/sun.tools.attach; do
        run+=(--add-exports "$module=ALL-UNNAMED")
    done
    for module in java.base/java.{lang,lang.module,lang.reflect,util,util.concurrent,util.concurrent.atomic,io,net,nio} \
        java.base/sun.nio.ch java.base/jdk.internal.{loader,ref,reflect,math,module,util.jar} \
        jdk.management/com.sun.management.internal; do
        run+=(--add-opens "$module=ALL-UNNAMED")
    done
    read -ra more <<<"${CASSANDRA_JAVA:-}"
    run+=("${more[@]}")
    run+=(-cp "$conf:$jars" org.apache.cassandra.service.CassandraDaemon)
}

# OPTIONS is answered by SUPPORTED; with a login, the login works too (its role is made a moment later).
# shellcheck disable=SC2016
cassandra_ready() {
    local port answer
    port=$(<"$dir/port")
    if [[ $variant = tls ]]; then
        /usr/bin/python3 "$parts/cql.py" --port "$port" --user cassandra --ca "$dir/tls/ca.pem" \
            --certificate "$dir/tls/client.pem" -e 'SELECT key FROM system.local' >/dev/null 2>&1
        return
    fi
    answer=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$0"; printf "\4\0\0\0\5\0\0\0\0" >&3
        head -c 5 <&3 | od -An -tx1' "$port" "$host" 2>/dev/null) || return 1
    [[ $answer = *" 06" ]] || return 1
    [[ $variant != login ]] ||
        /usr/bin/python3 "$parts/cql.py" --port "$port" --user cassandra -e 'SELECT key FROM system.local' >/dev/null 2>&1
}
