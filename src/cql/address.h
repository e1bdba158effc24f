/* cql/address.h: contact points as an operator writes them: "host[:port][,host[:port]…]".
 *
 * Knows    nothing of names: they are resolved when a connection is opened.
 */
#ifndef CQL_ADDRESS_H
#define CQL_ADDRESS_H

#include <stdbool.h>

#include "base/fault.h"

enum { CQL_HOST_MAX = 254, CQL_CONTACT_POINTS_MAX = 64 };

struct cql_address {
    char host[CQL_HOST_MAX];
    int port;
};

/* Reads a list; blanks around its parts are left out. An IPv6 address with a port is written
 * "[::1]:9042".
 *
 * |port|  for hosts without one
 * |out|   room for CQL_CONTACT_POINTS_MAX
 *
 * Returns how many there are, or 0 with |f| set: FAULT_USAGE. */
int cql_addresses_parse(const char *text, int port, struct cql_address *out, struct fault *f);

#endif
