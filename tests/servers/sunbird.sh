# sunbird.sh: how the stand-in for Sunbird's Data Sync is started; sourced by script/server.
# shellcheck shell=bash disable=SC2154,SC2034

# Prints the port of the server $1, which has to run.
sunbird_needs() {
    local needy=$name dir name kind version wanted
    pick "$1"
    alive || fail "$needy needs $1; script/server up $1"
    cat "$dir/port"
}

sunbird_command() {
    local cassandra=${SUNBIRD_CASSANDRA:-} elasticsearch=${SUNBIRD_ELASTICSEARCH:-}
    [[ $cassandra ]] || cassandra=127.0.0.1:$(sunbird_needs cassandra)
    [[ $elasticsearch ]] || elasticsearch=http://127.0.0.1:$(sunbird_needs elasticsearch)
    # shellcheck disable=SC2206
    local options=(${SUNBIRD_OPTIONS:-})
    if [[ $version = new ]]; then
        free_port $(($(<"$dir/port") + 1000)) "$self" >"$dir/course-port"
        options+=(--course-port "$(<"$dir/course-port")")
    fi
    run=(/usr/bin/python3 "$root/tests/standin/sunbird_sync.py" --tag "tenantmove.server=$dir." --generation "$version"
        --port "$(<"$dir/port")" --cassandra "$cassandra" --elasticsearch "$elasticsearch" "${options[@]}")
}

sunbird_ready() { curl -sf -m 5 -o /dev/null "http://127.0.0.1:$(<"$dir/port")/_standin" 2>/dev/null; }
