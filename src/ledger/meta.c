#include "ledger/ledger_private.h"

static bool put(struct ledger *l, const char *name, struct bytes value, const int64_t *number,
                struct fault *f)
{
    if (value.n > LEDGER_CHANGE_BYTES_MAX)
        return fault_set(f, FAULT_MEMORY, "the value \"%s\" is too long for the ledger", name);
    bool is_removed = !number && bytes_are_null(value);
    sqlite3_stmt *s =
        transaction_begin(l, f) ? statement(l, is_removed ? SQL_UNPUT : SQL_PUT, f) : NULL;
    if (!s)
        return false;
    bind_text(l, s, 1, bytes_of(name));
    if (number)
        bind_int(l, s, 2, *number);
    else if (!is_removed)
        bind_blob(l, s, 2, value);
    return run(l, s, f) && transaction_commit(l, f);
}

bool ledger_put(struct ledger *l, const char *name, struct bytes value, struct fault *f)
{
    return put(l, name, value, NULL, f);
}

bool ledger_put_int(struct ledger *l, const char *name, int64_t value, struct fault *f)
{
    return put(l, name, bytes_null(), &value, f);
}

bool ledger_get(struct ledger *l, const char *name, struct arena *a, struct bytes *out,
                struct fault *f)
{
    *out = bytes_null();
    sqlite3_stmt *s = statement(l, SQL_GET, f);
    if (!s)
        return false;
    bind_text(l, s, 1, bytes_of(name));
    int found = step(l, s, f);
    if (found != 1)
        return found == 0;
    *out = arena_copy(a, column_bytes(s, 0));
    sqlite3_reset(s);
    return !bytes_are_null(*out) || fault_memory(f);
}

bool ledger_get_int(struct ledger *l, const char *name, int64_t otherwise, int64_t *out,
                    struct fault *f)
{
    *out = otherwise;
    sqlite3_stmt *s = statement(l, SQL_GET, f);
    if (!s)
        return false;
    bind_text(l, s, 1, bytes_of(name));
    int found = step(l, s, f);
    if (found != 1)
        return found == 0;
    bool is_number = sqlite3_column_type(s, 0) == SQLITE_INTEGER;
    if (is_number)
        *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return is_number ||
           fault_set(f, FAULT_DAMAGED, "the ledger's value \"%s\" is not a number", name);
}
