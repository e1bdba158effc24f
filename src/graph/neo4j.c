#include <stdlib.h>
#include <string.h>

#include "graph/cypher.h"
#include "graph/neo4j_session.h"
#include "move/type.h"

enum { STATEMENT_MAX = 16 * 1024, PARAMETERS_MAX = 48 * 1024 * 1024, LISTS_MAX = 16 * 1024 * 1024 };

struct neo4j {
    struct graph graph; /* first: the interface's view of it */
    struct neo4j_session *session;
    struct buf statement;
    struct buf parameters;
    struct buf lists[GRAPH_PROPERTIES_MAX]; /* the list values of the node in hand */
};

static struct neo4j *of(struct graph *g)
{
    return (struct neo4j *)g;
}

static void neo4j_free(struct graph *g)
{
    struct neo4j *n = of(g);
    neo4j_session_free(n->session);
    buf_fini(&n->statement);
    buf_fini(&n->parameters);
    for (size_t i = 0; i < GRAPH_PROPERTIES_MAX; i++)
        buf_fini(&n->lists[i]);
    free(n);
}

static void neo4j_about(struct graph *g, struct graph_about *out)
{
    neo4j_session_about(of(g)->session, out);
}

static bool bad_property(const struct property *p, struct bytes uid, const char *is,
                         struct fault *f)
{
    fault_set(f, FAULT_SCHEMA, "property %s of a node is %s", p->name, is);
    fault_subject(f, "node %.*s", uid.n < 128 ? (int)uid.n : 128,
                  uid.p ? (const char *)uid.p : "without id");
    return fault_hint(f, "mend the node, or leave this property out of the profile");
}

/* Turns a JSON value into the property's; lists are built in |list|. */
static bool read_property(struct property *p, json_value v, struct bytes uid, struct buf *list,
                          struct fault *f)
{
    p->value = bytes_null();
    if (json_is_null(v))
        return true;
    if (!p->is_list) {
        p->value = json_text(v);
        return !bytes_are_null(p->value) || bad_property(p, uid, "not a text", f);
    }
    if (!json_is_array(v))
        return bad_property(p, uid, "not a list", f);
    buf_clear(list);
    size_t start = list_begin(list);
    for (size_t i = 0; i < json_count(v); i++) {
        struct bytes element = json_text(json_at(v, i));
        if (bytes_are_null(element))
            return bad_property(p, uid, "a list with values that are not texts", f);
        list_add(list, element);
    }
    list_end(list, start, (uint32_t)json_count(v));
    if (list->failed)
        return fault_memory(f);
    p->value = buf_view(list);
    return true;
}

static void name_property(struct property *p, const char *name, bool is_list)
{
    *p = (struct property){.is_list = is_list};
    strncpy(p->name, name, sizeof p->name - 1);
}

static bool wrong_answer(struct fault *f)
{
    return fault_set(f, FAULT_PROTOCOL,
                     "the graph's answer does not have the rows that were asked for");
}

/* One page. |last| goes on to the last id of it; |count| gets how many nodes came. */
static bool scan_page(struct neo4j *n, const struct graph_find *find, int64_t *last, size_t *count,
                      bool (*each)(void *context, const struct node *node, struct fault *f),
                      void *context, struct fault *f)
{
    buf_clear(&n->parameters);
    cypher_find_parameters(&n->parameters, find, *last);
    if (n->parameters.failed)
        return fault_memory(f);
    struct neo4j_reply reply;
    bool ok =
        neo4j_ask(n->session, buf_text(&n->statement), buf_view(&n->parameters), false, &reply, f);
    *count = ok ? neo4j_reply_count(&reply) : 0;
    for (size_t i = 0; ok && i < *count; i++) {
        json_value row = neo4j_reply_row(&reply, i);
        struct property properties[2];
        struct node node = {.uid = json_text(json_at(row, 1)), .properties = properties};
        if (!json_int(json_at(row, 0), &node.id) || node.id <= *last) {
            ok = wrong_answer(f); /* or the scan would not end */
            break;
        }
        *last = node.id;
        if (find->property)
            name_property(&properties[node.property_count++], find->property, false);
        if (find->list)
            name_property(&properties[node.property_count++], find->list, true);
        for (int p = 0; ok && p < node.property_count; p++)
            ok = read_property(&properties[p], json_at(row, (size_t)p + 2), node.uid, &n->lists[p],
                               f);
        ok = ok && each(context, &node, f);
    }
    neo4j_reply_fini(&reply);
    return ok;
}

static bool neo4j_scan(struct graph *g, const struct graph_find *find,
                       bool (*each)(void *context, const struct node *node, struct fault *f),
                       void *context, struct fault *f)
{
    struct neo4j *n = of(g);
    int64_t last = -1;
    size_t count;
    buf_clear(&n->statement);
    if (!cypher_scan(&n->statement, find, f))
        return false;
    do {
        if (!scan_page(n, find, &last, &count, each, context, f))
            return false;
    } while (count == CYPHER_PAGE);
    return true;
}

static bool ask_count(struct neo4j *n, uint64_t *count, struct fault *f)
{
    struct neo4j_reply reply;
    bool ok =
        neo4j_ask(n->session, buf_text(&n->statement), buf_view(&n->parameters), false, &reply, f);
    int64_t said = -1;
    if (ok)
        ok = (json_int(json_at(neo4j_reply_row(&reply, 0), 0), &said) && said >= 0) ||
             wrong_answer(f);
    neo4j_reply_fini(&reply);
    *count = ok ? (uint64_t)said : 0;
    return ok;
}

static bool neo4j_count(struct graph *g, const struct graph_find *find, uint64_t *matching,
                        uint64_t *all, struct fault *f)
{
    struct neo4j *n = of(g);
    buf_clear(&n->parameters);
    cypher_find_parameters(&n->parameters, find, -1);
    buf_clear(&n->statement);
    if (!cypher_count(&n->statement, find, f) || !ask_count(n, matching, f))
        return false;
    buf_clear(&n->statement);
    return cypher_count_all(&n->statement, find->label, f) && ask_count(n, all, f);
}

static bool outcome_of(struct bytes text, enum node_outcome *out)
{
    static const struct {
        const char *text;
        enum node_outcome outcome;
    } rows[] = {
        {"done", NODE_DONE}, {"was", NODE_WAS}, {"conflict", NODE_CONFLICT}, {"gone", NODE_GONE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bytes_are(text, rows[i].text)) {
            *out = rows[i].outcome;
            return true;
        }
    return false;
}

static bool lists_are_sound(const struct node_write *writes, int count)
{
    for (int i = 0; i < count; i++)
        for (int p = 0; p < writes[i].property_count; p++)
            if ((writes[i].before[p].is_list && list_count(writes[i].before[p].value) < 0) ||
                (writes[i].after[p].is_list && list_count(writes[i].after[p].value) < 0))
                return false;
    return true;
}

/* $rows for |writes|, and the statement by |compose|. */
static bool prepare(struct neo4j *n, const char *label, const char *id_property,
                    const struct node_write *writes, int count, bool is_write,
                    struct cypher_names *names, struct fault *f)
{
    if (!cypher_collect_names(names, writes, count, f))
        return false;
    if (names->count == 0)
        return fault_set(f, FAULT_INTERNAL, "a batch of nodes without properties");
    buf_clear(&n->statement);
    if (!(is_write ? cypher_write : cypher_read)(&n->statement, label, id_property, names, f))
        return false;
    buf_clear(&n->parameters);
    cypher_rows(&n->parameters, writes, count, names, is_write);
    return n->parameters.failed ? fault_memory(f) : true;
}

static bool neo4j_write(struct graph *g, const char *label, const char *id_property,
                        struct node_write *writes, int count, struct fault *f)
{
    struct neo4j *n = of(g);
    struct cypher_names names;
    if (count < 1 || count > GRAPH_BATCH_MAX)
        return fault_set(f, FAULT_INTERNAL, "a batch of %d nodes", count);
    if (!lists_are_sound(writes, count))
        return fault_set(f, FAULT_DAMAGED, "a list of a planned node is damaged");
    if (!prepare(n, label, id_property, writes, count, true, &names, f))
        return false;
    struct neo4j_reply reply;
    bool ok =
        neo4j_ask(n->session, buf_text(&n->statement), buf_view(&n->parameters), true, &reply, f);
    for (int i = 0; ok && i < count; i++)
        writes[i].outcome = NODE_GONE; /* a node that does not exist gives no row */
    for (size_t i = 0; ok && i < neo4j_reply_count(&reply); i++) {
        json_value row = neo4j_reply_row(&reply, i);
        int64_t at;
        ok = (json_int(json_at(row, 0), &at) && at >= 0 && at < count &&
              outcome_of(json_text(json_at(row, 1)), &writes[at].outcome)) ||
             wrong_answer(f);
    }
    neo4j_reply_fini(&reply);
    return ok;
}

static int column_of(const struct cypher_names *names, const char *name)
{
    int i = 0;
    while (i < names->count && strcmp(names->names[i], name) != 0)
        i++;
    return i;
}

/* Hands row |row| (NULL: gone) of key |i| to |each|. */
static bool give_read(struct neo4j *n, const struct node_write *key,
                      const struct cypher_names *names, json_value row, int i,
                      bool (*each)(void *context, int i, const struct node *node, struct fault *f),
                      void *context, struct fault *f)
{
    if (!row)
        return each(context, i, NULL, f);
    struct property properties[GRAPH_PROPERTIES_MAX];
    const struct property *asked = key->after ? key->after : key->before;
    struct node node = {.uid = json_text(json_at(row, 1)),
                        .id = key->id,
                        .properties = properties,
                        .property_count = 0};
    for (int p = 0; p < key->property_count; p++) {
        name_property(&properties[p], asked[p].name, asked[p].is_list);
        json_value v = json_at(row, (size_t)column_of(names, asked[p].name) + 2);
        if (!read_property(&properties[p], v, node.uid, &n->lists[p], f))
            return false;
        node.property_count++;
    }
    return each(context, i, &node, f);
}

static bool read_batch(struct neo4j *n, const char *label, const char *id_property,
                       const struct node_write *keys, int first, int count,
                       bool (*each)(void *context, int i, const struct node *node, struct fault *f),
                       void *context, struct fault *f)
{
    struct cypher_names names;
    json_value rows[GRAPH_BATCH_MAX] = {0};
    if (!prepare(n, label, id_property, keys + first, count, false, &names, f))
        return false;
    struct neo4j_reply reply;
    bool ok =
        neo4j_ask(n->session, buf_text(&n->statement), buf_view(&n->parameters), false, &reply, f);
    for (size_t i = 0; ok && i < neo4j_reply_count(&reply); i++) {
        json_value row = neo4j_reply_row(&reply, i);
        int64_t at;
        if (!json_int(json_at(row, 0), &at) || at < 0 || at >= count)
            ok = wrong_answer(f);
        else
            rows[at] = row;
    }
    for (int i = 0; ok && i < count; i++)
        ok = give_read(n, &keys[first + i], &names, rows[i], first + i, each, context, f);
    neo4j_reply_fini(&reply);
    return ok;
}

static bool neo4j_read(struct graph *g, const char *label, const char *id_property,
                       const struct node_write *keys, int count,
                       bool (*each)(void *context, int i, const struct node *node, struct fault *f),
                       void *context, struct fault *f)
{
    for (int first = 0; first < count; first += GRAPH_BATCH_MAX) {
        int some = count - first < GRAPH_BATCH_MAX ? count - first : GRAPH_BATCH_MAX;
        if (!read_batch(of(g), label, id_property, keys, first, some, each, context, f))
            return false;
    }
    return true;
}

static const struct graph_adapter adapter = {
    .free = neo4j_free,
    .about = neo4j_about,
    .scan = neo4j_scan,
    .count = neo4j_count,
    .write = neo4j_write,
    .read = neo4j_read,
};

struct graph *graph_neo4j_open(struct loop *loop, const struct graph_options *o, struct fault *f)
{
    struct neo4j *n = calloc(1, sizeof *n);
    if (!n)
        return fault_memory(f), NULL;
    n->graph.adapter = &adapter;
    buf_init(&n->statement, STATEMENT_MAX);
    buf_init(&n->parameters, PARAMETERS_MAX);
    for (size_t i = 0; i < GRAPH_PROPERTIES_MAX; i++)
        buf_init(&n->lists[i], LISTS_MAX);
    n->session = neo4j_session_open(loop, o, f);
    if (!n->session) {
        neo4j_free(&n->graph);
        return NULL;
    }
    return &n->graph;
}
