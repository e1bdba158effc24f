#include "move/change.h"

static void escape(struct bytes text, struct buf *out)
{
    size_t written = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if ((c > ':' && c <= '~') || (c > ' ' && c < ':' && c != '%' && c != '/'))
            continue;
        buf_append(out, text.p + written, i - written);
        buf_printf(out, "%%%02X", c);
        written = i + 1;
    }
    if (written < text.n)
        buf_append(out, text.p + written, text.n - written);
}

void change_row_name(const struct change *c, struct buf *out)
{
    escape(c->rule, out);
    buf_append_char(out, ':');
    for (int i = 0; i < c->key.n; i++) {
        if (i)
            buf_append_char(out, '/');
        escape(c->key.v[i].value, out);
    }
}

const char *change_kind_name(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_UPDATE: return "update";
    case CHANGE_LIST: return "list";
    case CHANGE_MOVE: return "move";
    case CHANGE_NODE: return "node";
    }
    return "unknown";
}

const char *change_origin_name(enum change_origin origin)
{
    switch (origin) {
    case CHANGE_PLAIN: return "plain";
    case CHANGE_MERGE: return "merge";
    case CHANGE_DROP: return "drop";
    case CHANGE_CARRY: return "carry";
    case CHANGE_COMPANION: return "companion";
    }
    return "unknown";
}

const char *change_state_name(enum change_state state)
{
    switch (state) {
    case CHANGE_PLANNED: return "planned";
    case CHANGE_SENT: return "sent";
    case CHANGE_COPIED: return "copied";
    case CHANGE_DONE: return "done";
    case CHANGE_READ: return "read back";
    case CHANGE_CONFLICT: return "conflict";
    case CHANGE_REJECTED: return "rejected";
    case CHANGE_SKIPPED: return "skipped";
    case CHANGE_UNDONE: return "undone";
    }
    return "unknown";
}
