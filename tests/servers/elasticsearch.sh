# elasticsearch.sh: how an Elasticsearch node is started; sourced by script/server, which sets kind, version and dir.
# shellcheck shell=bash disable=SC2154,SC2034

elasticsearch_command() {
    local home jars port transport classes=$cache/$kind-$version
    home=$(java_home)
    jars=$(cat "$(class_path)")
    port=$(<"$dir/port")
    transport=$(free_port $((port + 1000)) "$self")
    if [[ $parts/EsServer.java -nt $classes/EsServer.class ]]; then
        "$home/bin/javac" -proc:none -nowarn -cp "$jars" -d "$classes" "$parts/EsServer.java" 2>"$cache/javac.log" ||
            { cat "$cache/javac.log" >&2; fail "$name: EsServer.java does not compile"; }
    fi
    # shellcheck disable=SC2206
    local settings=(${ELASTICSEARCH_SETTINGS:-})
    run=("$home/bin/java" "-Dtenantmove.server=$dir." -Xms128m -Xmx256m -XX:+UseSerialGC -XX:-UsePerfData
        -Dfile.encoding=UTF-8 "-Dlog4j.configurationFile=$parts/log4j2.properties" -Dlog4j2.formatMsgNoLookups=true
        -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true
        -Des.set.netty.runtime.available.processors=false -Djna.nosys=true
        -cp "$classes:$jars" EsServer "$dir/data" "$port" "$transport" "${settings[@]}")
}

elasticsearch_ready() {
    curl -sf -m 5 "http://127.0.0.1:$(<"$dir/port")/_cluster/health" 2>/dev/null |
        grep -Eq '"status":"(yellow|green)"'
}
