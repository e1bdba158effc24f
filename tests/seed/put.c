#include "put.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "move/type.h"
#include "net/loop.h"

enum { PUT_BYTES = 8 * 1024 * 1024, PUT_KEY_MAX = 8, PUT_CELLS_MAX = 32 };

struct put {
    struct arena arena;
    struct table *table;
    struct bytes key[PUT_KEY_MAX];
    struct store_cell cells[PUT_CELLS_MAX];
    int cell_count;
    struct store_op op;
};

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Text with \xNN, in place of its own bytes. */
static struct bytes unescape(char *text)
{
    uint8_t *to = (uint8_t *)text;
    for (const char *p = text; *p;) {
        if (p[0] == '\\' && p[1] == 'x' && digit(p[2]) >= 0 && digit(p[3]) >= 0) {
            *to++ = (uint8_t)(digit(p[2]) << 4 | digit(p[3]));
            p += 4;
        } else {
            *to++ = (uint8_t)*p++;
        }
    }
    return (struct bytes){(uint8_t *)text, (size_t)(to - (uint8_t *)text)};
}

static struct bytes value_of(struct put *p, const struct type *type, char *text)
{
    if (strcmp(text, "null") == 0)
        return bytes_null();
    if (type->kind == TYPE_BOOLEAN) {
        uint8_t raw = strcmp(text, "true") == 0;
        return arena_copy(&p->arena, (struct bytes){&raw, 1});
    }
    if (type->kind == TYPE_INT) {
        uint32_t v = (uint32_t)strtol(text, NULL, 10);
        uint8_t raw[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        return arena_copy(&p->arena, (struct bytes){raw, 4});
    }
    if (type->kind == TYPE_LIST) { /* of texts, with a | between them */
        struct buf list;
        buf_init(&list, PUT_BYTES);
        size_t start = list_begin(&list);
        uint32_t count = 0;
        for (char *next = text; next; count++) {
            char *item = strsep(&next, "|");
            list_add(&list, unescape(item));
        }
        list_end(&list, start, count);
        struct bytes copy = arena_copy(&p->arena, buf_view(&list));
        buf_fini(&list);
        return copy;
    }
    return unescape(text);
}

static bool take_word(struct put *p, char *word, struct fault *f)
{
    char *equals = strchr(word, '=');
    int i = -1;
    if (equals) {
        *equals = '\0';
        i = table_column(p->table, word);
    }
    if (i < 0 || p->cell_count == PUT_CELLS_MAX || p->table->key_count > PUT_KEY_MAX)
        return fault_set(f, FAULT_USAGE, "no such column: %s", word);
    if (i < p->table->key_count)
        p->key[i] = unescape(equals + 1); /* every key of these schemas is text */
    else
        p->cells[p->cell_count++] =
            (struct store_cell){i, value_of(p, &p->table->columns[i].type, equals + 1)};
    return true;
}

static void told(struct store_op *op)
{
    if (op->outcome != STORE_OK)
        *(struct fault *)op->context = *op->fault;
}

bool put_row(struct store *s, const char *keyspace, const char *name, char **words, int count,
             bool whole_row, int64_t timestamp, struct fault *f)
{
    struct put p = {0};
    struct fault why = {0};
    arena_init(&p.arena, PUT_BYTES);
    bool ok = store_table(s, keyspace, name, &p.arena, &p.table, f);
    if (ok && !p.table)
        ok = fault_set(f, FAULT_USAGE, "there is no table %s.%s", keyspace, name);
    for (int i = 0; ok && i < count; i++)
        ok = take_word(&p, words[i], f);
    for (int i = 0; ok && i < p.table->key_count; i++)
        if (!p.key[i].p)
            ok = fault_set(f, FAULT_USAGE, "the key needs %s", p.table->columns[i].name);
    p.op = (struct store_op){.kind = whole_row      ? STORE_DELETE_ROW
                                     : p.cell_count ? STORE_UPDATE
                                                    : STORE_INSERT,
                             .table = p.table,
                             .key = p.key,
                             .cells = p.cells,
                             .cell_count = p.cell_count,
                             .timestamp = timestamp ? timestamp : clock_now_us(),
                             .done = told,
                             .context = &why};
    ok = ok && store_submit(s, &p.op, f) && store_drive(s, 0, f);
    if (ok && p.op.outcome != STORE_OK) {
        *f = why;
        ok = false;
    }
    arena_fini(&p.arena);
    return ok;
}
