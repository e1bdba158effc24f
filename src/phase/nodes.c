/* The nodes of the cluster, in words. */
#include "phase/phase_private.h"

#include <string.h>

enum { NODES_LISTED = 8 };

static struct center *center_of(struct nodes_seen *seen, const struct store_node *n)
{
    for (int i = 0; i < seen->count; i++)
        if (strcmp(seen->centers[i].name, n->data_center) == 0)
            return &seen->centers[i];
    if (seen->count == CENTERS_MAX)
        return NULL;
    struct center *c = &seen->centers[seen->count++];
    *c = (struct center){.is_local = n->is_local};
    snprintf(c->name, sizeof c->name, "%s", n->data_center);
    return c;
}

static void see_node(void *context, const struct store_node *n)
{
    static const char *const states[] = {
        [STORE_NODE_UP] = " up", [STORE_NODE_DOWN] = " down", [STORE_NODE_NOT_ASKED] = ""};
    struct center *c = center_of(context, n);
    if (!c)
        return;
    size_t used = strlen(c->list);
    snprintf(c->list + used, sizeof c->list - used, "%s%.60s%s", used ? ", " : "", n->address,
             states[n->state]);
    c->nodes++;
    c->by_state[n->state]++;
}

void nodes_look(struct store *s, struct nodes_seen *out)
{
    *out = (struct nodes_seen){0};
    store_nodes(s, false, see_node, out);
}

void nodes_say(const struct center *c, char *out, size_t size)
{
    const char *plural = c->nodes == 1 ? "" : "s";
    if (c->nodes <= NODES_LISTED)
        snprintf(out, size, "%d node%s%s: %s", c->nodes, plural, c->is_local ? "" : ", not asked",
                 c->list);
    else if (c->is_local)
        snprintf(out, size, "%d nodes: %d up, %d down, %d not needed", c->nodes,
                 c->by_state[STORE_NODE_UP], c->by_state[STORE_NODE_DOWN],
                 c->by_state[STORE_NODE_NOT_ASKED]);
    else
        snprintf(out, size, "%d nodes, not asked", c->nodes);
}

void nodes_note(struct move *m)
{
    struct nodes_seen seen;
    struct fault ignored;
    char text[NODES_TEXT_MAX] = "";
    if (!m->store)
        return;
    nodes_look(m->store, &seen);
    for (int i = 0; i < seen.count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s: ", used ? "; " : "", seen.centers[i].name);
        used = strlen(text);
        nodes_say(&seen.centers[i], text + used, sizeof text - used);
    }
    if (text[0])
        ledger_put(m->ledger, "server.nodes", bytes_of(text), &ignored);
}
