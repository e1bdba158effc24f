#include "cli/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

const char *text_count(char out[TEXT_COUNT_MAX], uint64_t n)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, n);
    int to = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[to++] = ',';
        out[to++] = digits[i];
    }
    out[to] = '\0';
    return out;
}

const char *text_counted(char *out, uint64_t n, const char *one, const char *many)
{
    char number[TEXT_COUNT_MAX];
    snprintf(out, 64, "%s %s", text_count(number, n), n == 1 ? one : many);
    return out;
}

const char *text_duration(char out[TEXT_COUNT_MAX], uint64_t us)
{
    uint64_t s = us / 1000000;
    if (s < 10)
        snprintf(out, TEXT_COUNT_MAX, "%" PRIu64 ".%" PRIu64 " s", s, us / 100000 % 10);
    else if (s < 100)
        snprintf(out, TEXT_COUNT_MAX, "%" PRIu64 " s", s);
    else if (s < 3600)
        snprintf(out, TEXT_COUNT_MAX, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    else
        snprintf(out, TEXT_COUNT_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60,
                 s % 60);
    return out;
}

/* Length of a well-formed sequence that is no control character, or 0. */
static size_t shown_length(const uint8_t *p, size_t n)
{
    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] != 0x7f;
    size_t need = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    if (need == 0 || p[0] >= 0xf5 || need > n)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* U+0080 … U+009F steer some terminals. */
    return p[0] == 0xc2 && p[1] < 0xa0 ? 0 : need;
}

void text_plain(struct buf *out, struct bytes b)
{
    if (bytes_are_null(b)) {
        buf_append_text(out, "(none)");
        return;
    }
    for (size_t i = 0; i < b.n;) {
        size_t n = shown_length(b.p + i, b.n - i);
        if (n > 0)
            buf_append(out, b.p + i, n);
        else
            buf_append_char(out, '?');
        i += n ? n : 1;
    }
}

void text_print(FILE *to, struct bytes b, int width)
{
    static const char none[] = "(none)";
    if (bytes_are_null(b))
        b = (struct bytes){(const uint8_t *)none, sizeof none - 1};
    int bytes = 0;
    for (size_t i = 0; i < b.n;) {
        size_t n = shown_length(b.p + i, b.n - i);
        if (n > 0)
            fwrite(b.p + i, 1, n, to);
        else
            putc('?', to);
        n += n == 0;
        i += n;
        bytes += n < INT_MAX ? (int)n : 0;
    }
    fprintf(to, "%*s", bytes < width ? width - bytes : 0, "");
}

bool text_put(struct buf *out, struct fault *f)
{
    if (out->failed)
        return fault_memory(f);
    puts(buf_text(out));
    return true;
}

enum { WORD_MAX = 64 };

/* '_' and '-' are taken for each other too easily to count. */
static bool are_same(char a, char b)
{
    return (a == '_' ? '-' : a) == (b == '_' ? '-' : b);
}

/* Edits (change, insert, delete, swap of neighbours) between two words. */
static int distance(const char *a, const char *b)
{
    int n = (int)strnlen(a, WORD_MAX), m = (int)strnlen(b, WORD_MAX);
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (int j = 0; j <= m; j++)
        last[j] = j;
    for (int i = 1; i <= n; i++) {
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = last[j - 1] + !are_same(a[i - 1], b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        int *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[m];
}

const char *text_nearest(const char *word, const char *const *names, int count)
{
    char plain[WORD_MAX];
    size_t n = 0;
    for (; word[n] && n + 1 < sizeof plain; n++)
        plain[n] = (char)tolower((unsigned char)word[n]);
    plain[n] = '\0';
    const char *nearest = NULL, *begins = NULL;
    int least = 1 + (int)n / 3, beginning = 0;
    if (least > 4)
        least = 4;
    for (int i = 0; i < count; i++) {
        int d = distance(plain, names[i]);
        if (d < least) {
            least = d;
            nearest = names[i];
        }
        if (n >= 3 && strncmp(plain, names[i], n) == 0) {
            begins = names[i];
            beginning++;
        }
    }
    if (nearest)
        return nearest;
    return beginning == 1 ? begins : NULL;
}
