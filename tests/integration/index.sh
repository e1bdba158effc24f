#!/bin/bash
# index.sh: index/elasticsearch.c against a real, empty Elasticsearch.
#
#   tests/integration/index.sh INDEX_CHECK URL
#
# Makes and deletes the indices user, org and course-batch. Without a word it starts the server itself. Prints TAP; ends 1 when
# one failed.
set -uo pipefail
if (($# == 0)); then # all by itself, within script/test
    root=$(cd "$(dirname "$0")/../.." && pwd)
    "$root/script/server" up elasticsearch >&2 || exit 1
    set -- "$(dirname "${TENANTMOVE:-$root/build/tenantmove}")/tests/index_check" "http://127.0.0.1:$("$root/script/server" port elasticsearch)"
fi
check=$1 url=$2
failed=0 number=0
is() {
    number=$((number + 1))
    if [[ $2 == "$3" ]]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        printf '# wanted: %s\n# got:    %s\n' "$3" "$2"
        failed=1
    fi
}
send() { curl -sS -m 60 -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$url/$2" >/dev/null; }
index() { "$check" "$url" "$@"; }
names() { index about | sed 's/^[^:]*: //'; }

index about
send DELETE 'user,org,course-batch?ignore_unavailable=true'
is 'a missing index is named' "$(index read batch b1 | grep -c '^fault schema.*course-batch')" 1
send PUT user/_doc/u1 '{"rootOrgId":"r1","channel":"c1","organisations":[{"organisationId":"o1"},{"organisationId":"o2"}],"firstName":"x"}'
send PUT user/_doc/u2 '{"rootOrgId":"r2","organisations":[]}'
send PUT org/_doc/o1 '{"status":0,"channel":"c1"}'
send PUT course-batch/_doc/b1 '{"createdFor":["x","y"]}'
is 'the names are found' "$(names)" 'user, org, course-batch'
is 'documents come in the order asked for' "$(index read user u2 nope u1)" \
    $'u2 found root=r2 channel=- status=-\nnope absent\nu1 found root=r1 channel=c1 status=- org=o1 org=o2'
is 'a status is text' "$(index read organisation o1)" 'o1 found root=- channel=c1 status=0'
is 'a batch has its list' "$(index read batch b1)" 'b1 found root=- channel=- status=- for=x for=y'
send POST _aliases '{"actions":[{"add":{"index":"user","alias":"user_alias"}}]}'
is 'an alias is preferred' "$(names)" 'user_alias, org, course-batch'
is 'documents are read through an alias' "$(index read user u2)" 'u2 found root=r2 channel=- status=-'
send DELETE 'user,org,course-batch'
exit "$failed"
