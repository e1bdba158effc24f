/* Rows of every type: version, then a RESULT's metadata, count and cells; each cell is printed as its
 * column's type. */
#include "fuzz/print.h"
#include "unit/cql/properties.h"

static void print_cells(const struct cql_rows *rows, const struct bytes *cells)
{
    struct cql_column_walk w = cql_columns_first(&rows->columns);
    struct cql_column column;
    for (int i = 0; cql_columns_next(&w, &column); i++) {
        struct type type;
        cql_type_of(column.type, &type);
        print_both(&type, cells[i]);
    }
}

static void fuzz_one(struct bytes in)
{
    enum { CELLS = 64 };
    int version = 3 + fuzz_u8(&in) % 3, got;
    uint8_t *alone = fuzz_alone(in);
    struct bytes cells[CELLS];
    struct cql_reader r;
    struct cql_rows rows;
    struct fault f = {0};
    cql_reader_init(&r, (struct bytes){alone, in.n});
    if (!cql_rows_decode(&r, version, &rows, &f)) {
        fuzz_check_fault(&f);
    } else if (rows.columns.count <= CELLS) {
        touch_columns(&rows.columns);
        int n = 0;
        while ((got = cql_rows_next(&rows, cells, rows.columns.count, &f)) > 0) {
            print_cells(&rows, cells);
            n++;
        }
        assert(got == 0 ? n == rows.count : f.code == FAULT_PROTOCOL);
        assert(cql_rows_next(&rows, cells, rows.columns.count + 1, &f) < 0);
    }
    free(alone);
}
