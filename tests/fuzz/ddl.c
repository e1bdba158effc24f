/* A schema text for the embedded store. */
#include "fuzz/fuzz.h"

#include "embedded/ddl.h"

static bool each(void *context, const struct table *t, bool if_not_exists, struct fault *f)
{
    (void)f;
    int *tables = context;
    *tables += 1 + if_not_exists * 0;
    assert(t->keyspace[0] && t->name[0]);
    assert(t->partition_count > 0 && t->partition_count <= t->key_count &&
           t->key_count <= t->column_count && t->column_count <= TABLE_COLUMNS_MAX);
    for (int i = 0; i < t->column_count; i++) {
        assert(table_column(t, t->columns[i].name) == i);
        struct type same;
        assert(type_parse(&same, bytes_of(t->columns[i].type.text), NULL));
    }
    struct buf shape;
    buf_init(&shape, 1 << 20);
    table_shape(t, &shape);
    assert(!shape.failed);
    buf_fini(&shape);
    return true;
}

static void fuzz_one(struct bytes in)
{
    struct arena a;
    struct fault f = {0};
    int tables = 0;
    uint8_t *alone = fuzz_alone(in);
    arena_init(&a, 32 << 20);
    if (!ddl_read((struct bytes){alone, in.n}, &a, each, &tables, &f))
        fuzz_check_fault(&f);
    arena_fini(&a);
    free(alone);
}
