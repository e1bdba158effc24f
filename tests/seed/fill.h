/* seed/fill.h: the seed's content and documents, for an embedded file, Neo4j or Elasticsearch. */
#ifndef SEED_FILL_H
#define SEED_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "net/loop.h"
#include "seed.h"

struct fill_login {
    const char *user;
    const char *password;
};

/* Writes every content node. |address|: "embedded:PATH" or "http://host:7474". */
bool fill_graph(const struct seed *s, struct loop *loop, const char *address,
                const struct fill_login *login, struct fault *f);

/* Writes the documents as the product's service left them before the move. |address|: "embedded:PATH" or
 * "http://host:9200". */
bool fill_index(const struct seed *s, struct loop *loop, const char *address, struct fault *f);

#endif
