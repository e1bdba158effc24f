# neo4j.sh: how a Neo4j server is started; sourced by script/server, which sets kind, version and dir.
# shellcheck shell=bash disable=SC2154,SC2034

# Sets java: the command up to the main class. 3.5 dies on Java 17 without the opened packages.
neo4j_java() {
    local package
    java=("$(java_home)/bin/java" "-Dtenantmove.server=$dir." -Xmx256m -XX:+UseSerialGC -XX:-UsePerfData
        -Dfile.encoding=UTF-8 -Dio.netty.tryReflectionSetAccessible=true)
    for package in java.lang java.lang.reflect java.lang.invoke java.util java.util.concurrent \
        java.util.concurrent.atomic java.io java.nio java.net sun.nio.ch jdk.internal.misc; do
        java+=("--add-opens=java.base/$package=ALL-UNNAMED")
    done
    java+=(-cp "$(cat "$(class_path)")")
}

# The same settings carry other names from 5 on. 5's query API needs Bolt; the others go without.
neo4j_conf() {
    local port=$1 login=$2 bolt=$3 prefix=dbms.connector log=dbms.tx_log memory=dbms.memory
    [[ $version != 5.* ]] || { prefix=server; log=db.tx_log; memory=server.memory; }
    cat <<C
$prefix.http.enabled=true
$prefix.http.listen_address=127.0.0.1:$port
$prefix.https.enabled=false
$prefix.bolt.enabled=$([[ $bolt ]] && echo true || echo false)
$prefix.bolt.listen_address=127.0.0.1:${bolt:-7687}
$prefix.bolt.advertised_address=127.0.0.1:${bolt:-7687}
dbms.security.auth_enabled=$login
$memory.pagecache.size=16m
$log.rotation.size=16m
C
    case $version in
    3.*) echo 'dbms.udc.enabled=false' ;;
    5.*) echo 'dbms.usage_report.enabled=false' ;;
    esac
    [[ -z ${NEO4J_SETTINGS:-} ]] || printf '%s\n' "$NEO4J_SETTINGS"
}

neo4j_command() {
    local port bolt='' java admin=(org.neo4j.cli.AdminTool set-initial-password)
    port=$(<"$dir/port")
    [[ $version != 5.* ]] || bolt=$(free_port $((port + 1000)) "$self")
    neo4j_java
    [[ -e $dir/login ]] || { [[ ${NEO4J_PASSWORD:-} ]] && echo true || echo false; } >"$dir/login"
    mkdir -p "$dir/data" "$dir/conf"
    neo4j_conf "$port" "$(<"$dir/login")" "$bolt" >"$dir/conf/neo4j.conf"
    if [[ ${NEO4J_PASSWORD:-} && ! -e $dir/data/data/dbms ]]; then
        case $version in
        3.*) admin=(org.neo4j.commandline.admin.AdminTool set-initial-password) ;;
        5.*) admin=(org.neo4j.cli.AdminTool dbms set-initial-password) ;;
        esac
        NEO4J_HOME=$dir/data NEO4J_CONF=$dir/conf "${java[@]}" "${admin[@]}" "$NEO4J_PASSWORD" >"$dir/admin.log" 2>&1 ||
            { tail -n 20 "$dir/admin.log" >&2; fail "$name: the password was not accepted"; }
    fi
    run=("${java[@]}" org.neo4j.server.CommunityEntryPoint "--home-dir=$dir/data" "--config-dir=$dir/conf")
}

# A statement is answered, or asked to log in: the HTTP server is up before its database is.
neo4j_ready() {
    local url path=/db/neo4j/tx/commit
    [[ $version != 3.* ]] || path=/db/data/transaction/commit
    url=http://127.0.0.1:$(<"$dir/port")$path
    curl -s -m 5 -w ' %{http_code}' -H 'Content-Type: application/json' \
        -d '{"statements":[{"statement":"RETURN 1"}]}' "$url" 2>/dev/null |
        grep -Eq '"errors": ?\[\].* 20[0-9]$| 401$'
}
