#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/text.h"
#include "net/loop.h"

enum { BAR_COLUMNS = 24, PLAIN_WIDTH = 200, DEFAULT_WIDTH = 80, RATE_AFTER_US = 500000 };

void progress_init(struct progress_line *l, bool quiet)
{
    *l = (struct progress_line){.quiet = quiet, .is_terminal = isatty(STDERR_FILENO) == 1};
}

static int terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return DEFAULT_WIDTH;
}

/* Appends a piece if it still fits; |columns| is what a terminal shows of it. */
static void piece(struct buf *out, int *left, const char *text, int columns)
{
    if (columns > *left)
        return;
    buf_append_text(out, text);
    *left -= columns;
}

static void append_bar(struct buf *out, int *left, uint64_t done, uint64_t total)
{
    if (*left < BAR_COLUMNS + 40)
        return;
    int full = done >= total ? BAR_COLUMNS : (int)((double)done / (double)total * BAR_COLUMNS);
    for (int i = 0; i < BAR_COLUMNS; i++)
        buf_append_text(out, i < full ? "█" : "░");
    buf_append_text(out, "  ");
    *left -= BAR_COLUMNS + 2;
}

static void append_rate(struct buf *out, int *left, const struct progress *p, uint64_t done_here,
                        uint64_t elapsed_us)
{
    char number[TEXT_COUNT_MAX], text[96];
    if (elapsed_us < RATE_AFTER_US || done_here == 0 || p->is_paused)
        return;
    double rate = (double)done_here * 1e6 / (double)elapsed_us;
    int n = snprintf(text, sizeof text, "   %s/s", text_count(number, (uint64_t)(rate + 0.5)));
    piece(out, left, text, n);
    if (p->total <= p->done)
        return;
    double seconds = (double)(p->total - p->done) / rate;
    if (seconds > 359999)
        return;
    unsigned s = (unsigned)(seconds + 0.999);
    if (s < 3600)
        n = snprintf(text, sizeof text, "   ETA %u:%02u", s / 60, s % 60);
    else
        n = snprintf(text, sizeof text, "   ETA %u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    piece(out, left, text, n);
}

static void append_count(struct buf *out, int *left, uint64_t n, const char *what, bool also_zero)
{
    char number[TEXT_COUNT_MAX], text[64];
    if (n == 0 && !also_zero)
        return;
    int columns = snprintf(text, sizeof text, "   %s %s", text_count(number, n), what);
    piece(out, left, text, columns);
}

void progress_text(const struct progress *p, uint64_t done_here, uint64_t elapsed_us, int width,
                   bool bar, struct buf *out)
{
    char done[TEXT_COUNT_MAX], total[TEXT_COUNT_MAX], text[256];
    int flow_columns = p->flow ? (int)strlen(p->flow) + 3 : 0;
    int left = width - flow_columns; /* why it is slow is never what does not fit */
    bool is_write = strcmp(p->part, "write") == 0;
    int n = is_write ? snprintf(text, sizeof text, "  %s  ", p->phase)
                     : snprintf(text, sizeof text, "  %s  %s  ", p->phase, p->part);
    piece(out, &left, text, n);
    if (bar && p->total > 0)
        append_bar(out, &left, p->done, p->total);
    if (p->total > 0)
        n = snprintf(text, sizeof text, "%s / %s %s", text_count(done, p->done),
                     text_count(total, p->total), p->unit);
    else
        n = snprintf(text, sizeof text, "%s %s", text_count(done, p->done), p->unit);
    piece(out, &left, text, n);
    append_rate(out, &left, p, done_here, elapsed_us);
    append_count(out, &left, (uint64_t)p->in_flight, "in flight", false);
    append_count(out, &left, p->conflicts, "conflicts", is_write);
    append_count(out, &left, p->rejected, "rejected", false);
    append_count(out, &left, p->errors, "errors", false);
    if (p->flow && flow_columns + 20 < width)
        buf_printf(out, "   %s", p->flow);
}

static uint64_t done_of(const struct progress *p)
{
    return p->done_here ? p->done_here : p->done;
}

/* Rate and time left are those of one part: a scan of another table has a rate of its own. */
static void note_part(struct progress_line *l, const struct progress *p, int64_t now)
{
    char part[sizeof l->part];
    snprintf(part, sizeof part, "%s/%s/%s", p->phase, p->part, p->unit);
    bool is_new = strcmp(part, l->part) != 0 || p->done_here < l->part_done_here;
    l->part_done_here = p->done_here;
    if (is_new) {
        snprintf(l->part, sizeof l->part, "%s", part);
        l->before = l->since = (struct progress_mark){.at_us = now};
    } else if (now - l->since.at_us >= PROGRESS_RATE_US) {
        l->before = l->since;
        l->since = (struct progress_mark){.at_us = now, .done_here = done_of(p)};
    }
}

void progress_show(struct progress_line *l, const struct progress *p)
{
    if (l->quiet)
        return;
    int64_t now = clock_now_us();
    note_part(l, p, now);
    if (l->shown_us == 0 && !l->is_terminal)
        l->shown_us = now;
    if (now - l->shown_us < (l->is_terminal ? PROGRESS_REDRAW_US : PROGRESS_PLAIN_US))
        return;
    l->shown_us = now;
    struct buf text;
    buf_init(&text, 4096);
    uint64_t done = done_of(p), before = l->before.done_here;
    uint64_t here = done > before ? done - before : 0;
    progress_text(p, here, (uint64_t)(now - l->before.at_us),
                  l->is_terminal ? terminal_width() - 1 : PLAIN_WIDTH, l->is_terminal, &text);
    if (l->is_terminal)
        fprintf(stderr, "\r%s\x1b[K", buf_text(&text));
    else
        fprintf(stderr, "%s\n", buf_text(&text));
    fflush(stderr);
    l->drawn = l->is_terminal;
    buf_fini(&text);
}

void progress_clear(struct progress_line *l)
{
    if (!l->drawn)
        return;
    fputs("\r\x1b[K", stderr);
    fflush(stderr);
    l->drawn = false;
}
