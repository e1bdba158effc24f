#include <stdlib.h>

#include "ledger/ledger_private.h"

enum { TALLIES_MAX = 1024 * 1024 };

static struct tally *find(struct ledger *l, int64_t rule, int pass)
{
    if (l->tally_last < l->tally_count) {
        struct tally *t = &l->tallies[l->tally_last];
        if (t->rule == rule && t->pass == pass)
            return t;
    }
    for (int i = 0; i < l->tally_count; i++) {
        if (l->tallies[i].rule == rule && l->tallies[i].pass == pass) {
            l->tally_last = i;
            return &l->tallies[i];
        }
    }
    return NULL;
}

static struct tally *find_or_make(struct ledger *l, int64_t rule, int pass, struct fault *f)
{
    struct tally *t = find(l, rule, pass);
    if (t)
        return t;
    if (l->tally_count == l->tally_capacity) {
        int capacity = l->tally_capacity ? 2 * l->tally_capacity : 64;
        t = capacity <= TALLIES_MAX ? realloc(l->tallies, (size_t)capacity * sizeof *t) : NULL;
        if (!t) {
            fault_memory(f);
            return NULL;
        }
        l->tallies = t;
        l->tally_capacity = capacity;
    }
    l->tally_last = l->tally_count++;
    t = &l->tallies[l->tally_last];
    *t = (struct tally){.rule = rule, .pass = pass};
    return t;
}

bool tally_add(struct ledger *l, int64_t rule, int pass, int state, int64_t n, struct fault *f)
{
    struct tally *t = find_or_make(l, rule, pass, f);
    if (!t)
        return false;
    t->by_state[state] += n;
    return true;
}

bool tallies_load(struct ledger *l, struct fault *f)
{
    l->tally_count = 0;
    sqlite3_stmt *s = statement(l, SQL_LAST_SEQ, f);
    if (!s || step(l, s, f) != 1)
        return false;
    l->last_seq = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    s = statement(l, SQL_TALLIES, f);
    if (!s)
        return false;
    int more;
    while ((more = step(l, s, f)) == 1) {
        int state = sqlite3_column_int(s, 2);
        int64_t n = sqlite3_column_int64(s, 3), sent = sqlite3_column_int64(s, 4);
        if (state < CHANGE_PLANNED || state >= CHANGE_STATES || n < 1 || sent < 0) {
            sqlite3_reset(s);
            return fault_sqlite(f, NULL, SQLITE_CORRUPT, l->path);
        }
        struct tally *t = find_or_make(l, sqlite3_column_int64(s, 0), sqlite3_column_int(s, 1), f);
        if (!t) {
            sqlite3_reset(s);
            return false;
        }
        t->by_state[state] = n;
        t->by_state[0] += sent;
    }
    return more == 0;
}
