#include "cql/address.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool wrong(struct fault *f, const char *text, const char *why)
{
    fault_set(f, FAULT_USAGE, "the address of Cassandra %s", why);
    fault_subject(f, "%s", text);
    return fault_hint(f,
                      "write host, host:port or several of them with commas, e.g. 10.0.0.5:9042");
}

/* 1 … 65535, or 0. */
static int port_of(const char *p, size_t n)
{
    int port = 0;
    if (n == 0 || n > 5)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return 0;
        port = port * 10 + (p[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

static bool parse_one(const char *text, const char *p, size_t n, int port, struct cql_address *out,
                      struct fault *f)
{
    const char *host = p;
    size_t host_n = n;
    const char *rest = p + n;
    if (n > 0 && *p == '[') {
        const char *close = memchr(p, ']', n);
        if (!close)
            return wrong(f, text, "has a [ without its ]");
        host = p + 1;
        host_n = (size_t)(close - host);
        rest = close + 1;
    } else {
        const char *colon = memchr(p, ':', n);
        /* Two colons without brackets: an IPv6 address that has no port. */
        if (colon && !memchr(colon + 1, ':', n - (size_t)(colon + 1 - p))) {
            host_n = (size_t)(colon - p);
            rest = colon;
        }
    }
    if (host_n == 0)
        return wrong(f, text, "has a part without a host");
    if (host_n >= CQL_HOST_MAX)
        return wrong(f, text, "has a host of more than 253 characters");
    for (size_t i = 0; i < host_n; i++)
        if (isspace((unsigned char)host[i]) || host[i] == '/' || !isprint((unsigned char)host[i]))
            return wrong(f, text, "has a host with a character that no host has");
    out->port = port;
    if (rest < p + n) {
        out->port = *rest == ':' ? port_of(rest + 1, (size_t)(p + n - rest - 1)) : 0;
        if (out->port == 0)
            return wrong(f, text, "has a port that is not between 1 and 65535");
    }
    memcpy(out->host, host, host_n);
    out->host[host_n] = '\0';
    return true;
}

int cql_addresses_parse(const char *text, int port, struct cql_address *out, struct fault *f)
{
    int count = 0;
    const char *p = text;
    for (;;) {
        size_t n = strcspn(p, ",");
        const char *start = p;
        size_t length = n;
        while (length > 0 && isspace((unsigned char)*start)) {
            start++;
            length--;
        }
        while (length > 0 && isspace((unsigned char)start[length - 1]))
            length--;
        if (count == CQL_CONTACT_POINTS_MAX) {
            wrong(f, text, "names more than 64 hosts");
            return 0;
        }
        if (!parse_one(text, start, length, port, &out[count], f))
            return 0;
        count++;
        if (p[n] == '\0')
            return count;
        p += n + 1;
    }
}
