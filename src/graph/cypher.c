#include "graph/cypher.h"

#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "move/type.h"

bool cypher_name(struct buf *out, const char *name, struct fault *f)
{
    bool is_safe = name[0] != '\0' && utf8_is_valid(bytes_of(name));
    for (const char *c = name; *c; c++)
        if (*c == '`' || *c == '\\' || (unsigned char)*c < 0x20 || *c == 0x7f)
            is_safe = false;
    if (!is_safe) {
        fault_set(f, FAULT_USAGE, "not a name that can be used in a graph: \"%.64s\"", name);
        return fault_hint(
            f, "labels and properties must not hold backticks, backslashes or control characters");
    }
    buf_append_char(out, '`');
    buf_append_text(out, name);
    buf_append_char(out, '`');
    return true;
}

static bool append_property(struct buf *out, const char *name, struct fault *f)
{
    buf_append_text(out, "n.");
    return cypher_name(out, name, f);
}

static bool finish(const struct buf *out, struct fault *f)
{
    return out->failed ? fault_memory(f) : true;
}

/* `[] + n.list` makes a list of a single text, which IN would refuse with an error for the whole
 * statement. */
static bool append_condition(struct buf *out, const struct graph_find *find, struct fault *f)
{
    if (!find->property && !find->list)
        return fault_set(f, FAULT_INTERNAL, "a graph search without a condition");
    buf_append_char(out, '(');
    if (find->property) {
        if (!append_property(out, find->property, f))
            return false;
        buf_append_text(out, " = $equals");
    }
    if (find->property && find->list)
        buf_append_text(out, " OR ");
    if (find->list) {
        buf_append_text(out, "$contains IN ([] + ");
        if (!append_property(out, find->list, f))
            return false;
        buf_append_char(out, ')');
    }
    return buf_append_char(out, ')') || fault_memory(f);
}

static bool append_match(struct buf *out, const char *label, struct fault *f)
{
    buf_append_text(out, "MATCH (n:");
    return cypher_name(out, label, f) && (buf_append_text(out, ") ") || fault_memory(f));
}

bool cypher_scan(struct buf *out, const struct graph_find *find, struct fault *f)
{
    if (!append_match(out, find->label, f))
        return false;
    buf_append_text(out, "WHERE id(n) > $last AND ");
    if (!append_condition(out, find, f))
        return false;
    buf_append_text(out, " RETURN id(n), ");
    if (!append_property(out, find->id_property, f))
        return false;
    const char *const columns[] = {find->property, find->list};
    for (size_t i = 0; i < 2; i++) {
        if (!columns[i])
            continue;
        buf_append_text(out, ", ");
        if (!append_property(out, columns[i], f))
            return false;
    }
    buf_printf(out, " ORDER BY id(n) LIMIT %d", CYPHER_PAGE);
    return finish(out, f);
}

bool cypher_count(struct buf *out, const struct graph_find *find, struct fault *f)
{
    if (!append_match(out, find->label, f))
        return false;
    buf_append_text(out, "WHERE ");
    if (!append_condition(out, find, f))
        return false;
    buf_append_text(out, " RETURN count(n)");
    return finish(out, f);
}

bool cypher_count_all(struct buf *out, const char *label, struct fault *f)
{
    if (!append_match(out, label, f))
        return false;
    buf_append_text(out, "RETURN count(n)");
    return finish(out, f);
}

void cypher_find_parameters(struct buf *out, const struct graph_find *find, int64_t last)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    json_member_int(&w, "last", last);
    if (find->property)
        json_member_bytes(&w, "equals", find->equals);
    if (find->list)
        json_member_bytes(&w, "contains", find->contains);
    json_end(&w);
}

static const struct property *properties_of(const struct node_write *w)
{
    return w->after ? w->after : w->before;
}

static int index_of(const struct cypher_names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return i;
    return -1;
}

bool cypher_collect_names(struct cypher_names *out, const struct node_write *writes, int count,
                          struct fault *f)
{
    out->count = 0;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < writes[i].property_count; j++) {
            const char *name = properties_of(&writes[i])[j].name;
            if (index_of(out, name) >= 0)
                continue;
            if (out->count == GRAPH_PROPERTIES_MAX)
                return fault_set(f, FAULT_INTERNAL, "more than %d properties in one batch of nodes",
                                 GRAPH_PROPERTIES_MAX);
            out->names[out->count++] = name;
        }
    return true;
}

/* n.uid equals r.uid, where two absent ones are equal. */
static bool append_same_uid(struct buf *out, const char *id_property, struct fault *f)
{
    buf_append_char(out, '(');
    if (!append_property(out, id_property, f))
        return false;
    buf_append_text(out, " = r.uid OR (r.uid IS NULL AND ");
    if (!append_property(out, id_property, f))
        return false;
    return buf_append_text(out, " IS NULL))") || fault_memory(f);
}

/* Every property that the row has is as r.b or r.a says; |which| is 'b' or 'a'. */
static bool append_all_equal(struct buf *out, const struct cypher_names *names, char which,
                             struct fault *f)
{
    for (int i = 0; i < names->count; i++) {
        buf_printf(out, "%s(NOT r.h%d OR ", i ? " AND " : "", i);
        if (!append_property(out, names->names[i], f))
            return false;
        buf_printf(out, " = r.%c%d OR (r.%c%d IS NULL AND ", which, i, which, i);
        if (!append_property(out, names->names[i], f))
            return false;
        buf_append_text(out, " IS NULL))");
    }
    return finish(out, f);
}

/* Neo4j reads committed values without locks, so a comparison alone could lose an edit that commits
 * between it and the SET. Setting the id property to itself takes the node's write lock; only what
 * is read behind it counts. The label and the uid are compared there too: the server gives ids of
 * deleted nodes to new ones. */
bool cypher_write(struct buf *out, const char *label, const char *id_property,
                  const struct cypher_names *names, struct fault *f)
{
    buf_append_text(out, "UNWIND $rows AS r MATCH (n) WHERE id(n) = r.id SET ");
    if (!append_property(out, id_property, f))
        return false;
    buf_append_text(out, " = ");
    if (!append_property(out, id_property, f))
        return false;
    buf_append_text(out, " WITH r, n, CASE WHEN NOT (n:");
    if (!cypher_name(out, label, f))
        return false;
    buf_append_text(out, " AND ");
    if (!append_same_uid(out, id_property, f))
        return false;
    buf_append_text(out, ") THEN 'gone' WHEN ");
    if (!append_all_equal(out, names, 'a', f))
        return false;
    buf_append_text(out, " THEN 'was' WHEN ");
    if (!append_all_equal(out, names, 'b', f))
        return false;
    buf_append_text(out, " THEN 'done' ELSE 'conflict' END AS outcome "
                         "FOREACH (x IN CASE outcome WHEN 'done' THEN [1] ELSE [] END | SET ");
    for (int i = 0; i < names->count; i++) {
        if (i)
            buf_append_text(out, ", ");
        if (!append_property(out, names->names[i], f))
            return false;
        buf_printf(out, " = CASE WHEN r.h%d THEN r.a%d ELSE ", i, i);
        if (!append_property(out, names->names[i], f))
            return false;
        buf_append_text(out, " END");
    }
    buf_append_text(out, ") RETURN r.i, outcome");
    return finish(out, f);
}

bool cypher_read(struct buf *out, const char *label, const char *id_property,
                 const struct cypher_names *names, struct fault *f)
{
    buf_append_text(out, "UNWIND $rows AS r MATCH (n:");
    if (!cypher_name(out, label, f))
        return false;
    buf_append_text(out, ") WHERE id(n) = r.id AND ");
    if (!append_same_uid(out, id_property, f))
        return false;
    buf_append_text(out, " RETURN r.i, ");
    if (!append_property(out, id_property, f))
        return false;
    for (int i = 0; i < names->count; i++) {
        buf_append_text(out, ", ");
        if (!append_property(out, names->names[i], f))
            return false;
    }
    return finish(out, f);
}

static void write_value(struct json_writer *w, char which, int i, const struct property *p)
{
    char key[8] = {which, (char)('0' + i), '\0'};
    json_key(w, key);
    if (!p->is_list || bytes_are_null(p->value)) {
        json_bytes_value(w, p->value);
        return;
    }
    json_begin_array(w);
    size_t cursor = 0;
    struct bytes element;
    while (list_next(p->value, &cursor, &element))
        json_bytes_value(w, element);
    json_end(w);
}

static void write_row(struct json_writer *w, const struct node_write *write, int i,
                      const struct cypher_names *names, bool with_values)
{
    json_begin_object(w);
    json_member_int(w, "i", i);
    json_member_int(w, "id", write->id);
    json_member_bytes(w, "uid", write->uid);
    for (int name = 0; with_values && name < names->count; name++) {
        int at = 0;
        while (at < write->property_count &&
               strcmp(properties_of(write)[at].name, names->names[name]) != 0)
            at++;
        bool has = at < write->property_count;
        char key[8] = {'h', (char)('0' + name), '\0'};
        json_member_bool(w, key, has);
        if (has) {
            write_value(w, 'b', name, &write->before[at]);
            write_value(w, 'a', name, &write->after[at]);
        }
    }
    json_end(w);
}

void cypher_rows(struct buf *out, const struct node_write *writes, int count,
                 const struct cypher_names *names, bool with_values)
{
    struct json_writer w;
    json_writer_init(&w, out, false);
    json_begin_object(&w);
    json_key(&w, "rows");
    json_begin_array(&w);
    for (int i = 0; i < count; i++)
        write_row(&w, &writes[i], i, names, with_values);
    json_end(&w);
    json_end(&w);
}
