#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/ledger_private.h"
#include "net/loop.h"

static void who_am_i(char *out, size_t size)
{
    char text[1024];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(geteuid(), &entry, text, sizeof text, &found) == 0 && found)
        snprintf(out, size, "%s", entry.pw_name);
    else
        snprintf(out, size, "uid %lu", (unsigned long)geteuid());
}

static bool begin(struct ledger *l, const char *name, const char *who, int64_t *id, struct fault *f)
{
    char host[64] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_PHASE_BEGIN, f) : NULL;
    if (!s)
        return false;
    bind_text(l, s, 1, bytes_of(name));
    bind_int(l, s, 2, clock_now_us());
    bind_text(l, s, 3, bytes_of(who));
    bind_text(l, s, 4, bytes_of(host));
    bind_int(l, s, 5, getpid());
    if (!run(l, s, f))
        return false;
    *id = sqlite3_last_insert_rowid(l->db);
    return transaction_commit(l, f);
}

bool ledger_phase_begin(struct ledger *l, const char *name, int64_t *id, struct fault *f)
{
    char who[64];
    who_am_i(who, sizeof who);
    return begin(l, name, who, id, f);
}

bool ledger_note(struct ledger *l, const char *name, const char *what, const char *who,
                 struct fault *f)
{
    int64_t id;
    return begin(l, name, who, &id, f) && ledger_phase_end(l, id, what, 0, 0, f);
}

bool ledger_phase_end(struct ledger *l, int64_t id, const char *outcome, uint64_t done,
                      uint64_t total, struct fault *f)
{
    sqlite3_stmt *s = transaction_begin(l, f) ? statement(l, SQL_PHASE_END, f) : NULL;
    if (!s)
        return false;
    bind_int(l, s, 1, id);
    bind_int(l, s, 2, clock_now_us());
    bind_text(l, s, 3, bytes_of(outcome));
    bind_int(l, s, 4, (int64_t)done);
    bind_int(l, s, 5, (int64_t)total);
    return run(l, s, f) && transaction_commit(l, f);
}

bool ledger_each_phase(struct ledger *l, bool (*each)(void *context, const struct phase_run *p),
                       void *context, struct fault *f)
{
    sqlite3_stmt *s = statement(l, SQL_PHASES, f);
    if (!s)
        return false;
    int more;
    while ((more = step(l, s, f)) == 1) {
        struct phase_run p = {.id = sqlite3_column_int64(s, 0),
                              .started_us = sqlite3_column_int64(s, 2),
                              .ended_us = sqlite3_column_int64(s, 3),
                              .pid = sqlite3_column_int(s, 7),
                              .done = (uint64_t)sqlite3_column_int64(s, 8),
                              .total = (uint64_t)sqlite3_column_int64(s, 9)};
        column_copy(s, 1, p.name, sizeof p.name);
        column_copy(s, 4, p.outcome, sizeof p.outcome);
        column_copy(s, 5, p.who, sizeof p.who);
        column_copy(s, 6, p.host, sizeof p.host);
        if (!each(context, &p)) {
            sqlite3_reset(s);
            return true;
        }
    }
    return more == 0;
}
