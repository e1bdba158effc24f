#include "phase/id_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "net/digest.h"
#include "phase/id_set.h"

/* The whole file, with an end mark behind it; NULL with |f| set. */
static char *read_whole(const char *path, size_t *bytes, struct fault *f)
{
    FILE *file = fopen(path, "re");
    struct stat st;
    if (!file || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode)) {
        fault_set(f, FAULT_USAGE, "could not open the id file: %s",
                  file ? "it is no plain file" : strerror(errno));
        fault_subject(f, "%s", path);
        if (file)
            fclose(file);
        return NULL;
    }
    char *text = NULL;
    if (st.st_size > ID_FILE_BYTES_MAX) {
        fault_set(f, FAULT_USAGE, "the id file is larger than %d bytes", ID_FILE_BYTES_MAX);
        fault_subject(f, "%s", path);
    } else if ((text = malloc((size_t)st.st_size + 1)) == NULL) {
        fault_memory(f);
    } else {
        *bytes = fread(text, 1, (size_t)st.st_size, file);
        text[*bytes] = '\0';
    }
    fclose(file);
    return text;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool starts_with_mark(struct bytes b)
{
    return b.n >= 3 && memcmp(b.p, "\xef\xbb\xbf", 3) == 0;
}

/* NULL: an id; else what is wrong with it. */
static const char *wrong_with(struct bytes id)
{
    /* In the first line it would not be read again as a part of the id. */
    if (starts_with_mark(id))
        return "the line begins with a byte-order mark that is not the file's";
    if (id.n > ID_FILE_ID_MAX)
        return "the line is longer than an id can be (1,024 bytes)";
    if (!utf8_is_valid(id))
        return "the line is not UTF-8";
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] < 0x20 || id.p[i] == 0x7f)
            return "the line holds a control character";
    }
    return NULL;
}

bool id_file_can_hold(struct bytes id)
{
    return id.n > 0 && !wrong_with(id) && !is_blank(id.p[0]) && !is_blank(id.p[id.n - 1]);
}

/* Every line with a comma: a file of several columns, not of ids. */
static bool looks_like_columns(const struct id_file *x)
{
    for (size_t i = 0; i < x->count; i++) {
        if (!memchr(x->ids[i].p, ',', x->ids[i].n) && !memchr(x->ids[i].p, ';', x->ids[i].n))
            return false;
    }
    return x->count > 0;
}

static bool add_line(struct id_file *x, struct id_set *seen, size_t *room, struct bytes line,
                     struct fault *f)
{
    while (line.n > 0 && is_blank(line.p[line.n - 1]))
        line.n--;
    while (line.n > 0 && is_blank(line.p[0]))
        line = (struct bytes){line.p + 1, line.n - 1};
    if (line.n == 0)
        return true;
    const char *wrong = wrong_with(line);
    if (wrong)
        return fault_set(f, FAULT_USAGE, "%s", wrong);
    int added = id_set_add(seen, line);
    if (added < 0)
        return fault_memory(f);
    if (added == 0) {
        x->duplicates++;
        return true;
    }
    if (x->count == *room) {
        size_t larger = *room ? 2 * *room : 1024;
        struct bytes *ids = reallocarray(x->ids, larger, sizeof *ids);
        if (!ids)
            return fault_memory(f);
        x->ids = ids;
        *room = larger;
    }
    x->ids[x->count++] = line;
    return true;
}

bool id_file_read(struct id_file *x, const char *path, struct fault *f)
{
    *x = (struct id_file){0};
    size_t n = 0, room = 0;
    x->text = read_whole(path, &n, f);
    if (!x->text)
        return false;
    struct id_set seen = {0};
    struct bytes rest = {(const uint8_t *)x->text, n};
    if (starts_with_mark(rest))
        rest = (struct bytes){rest.p + 3, n - 3};
    bool ok = true;
    for (size_t number = 1; ok && rest.n > 0; number++) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        struct bytes line = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
        size_t taken = end ? line.n + 1 : line.n;
        ok = add_line(x, &seen, &room, line, f);
        if (!ok)
            fault_subject(f, "%s:%zu", path, number);
        rest = (struct bytes){rest.p + taken, rest.n - taken};
    }
    id_set_fini(&seen);
    if (ok && looks_like_columns(x)) {
        ok = fault_set(f, FAULT_USAGE, "every line holds a comma: there must be one id per line");
        fault_subject(f, "%s:1", path);
    }
    return ok;
}

void id_file_fini(struct id_file *x)
{
    free(x->ids);
    free(x->text);
    *x = (struct id_file){0};
}

bool id_file_folder(const char *path, char *out, size_t room, struct fault *f)
{
    if (snprintf(out, room, "%s.tenantmove", path) < (int)room)
        return true;
    return fault_set(f, FAULT_USAGE, "the id file's name is too long");
}

/* SHA-256 of the file as it is. */
static bool digest_file(const char *path, char out[DIGEST_TEXT], struct fault *f)
{
    FILE *file = fopen(path, "re");
    struct digest *d = digest_new();
    bool ok = file != NULL;
    static char block[65536];
    size_t n;
    while (ok && d && (n = fread(block, 1, sizeof block, file)) > 0)
        digest_add(d, block, n);
    if (ok && ferror(file))
        ok = false;
    if (d)
        digest_finish(d, out);
    if (!ok)
        fault_errno(f, errno, "read the id file", path);
    else if (!d)
        fault_memory(f);
    if (file)
        fclose(file);
    return ok && d;
}

static bool marker_path(const char *path, char *out, size_t room, struct fault *f)
{
    char folder[PATH_MAX];
    if (!id_file_folder(path, folder, sizeof folder, f))
        return false;
    if (snprintf(out, room, "%s/synced", folder) < (int)room)
        return true;
    return fault_set(f, FAULT_USAGE, "the id file's name is too long");
}

bool id_file_is_synced(const char *path)
{
    char marker[PATH_MAX], now[DIGEST_TEXT], then[DIGEST_TEXT] = "";
    struct fault f = {0};
    if (!marker_path(path, marker, sizeof marker, &f))
        return false;
    FILE *file = fopen(marker, "re");
    if (!file)
        return false;
    size_t n = fread(then, 1, sizeof then - 1, file);
    fclose(file);
    return n == sizeof then - 1 && digest_file(path, now, &f) && strcmp(now, then) == 0;
}

bool id_file_mark_synced(const char *path, struct fault *f)
{
    char marker[PATH_MAX], folder[PATH_MAX], digest[DIGEST_TEXT];
    if (!marker_path(path, marker, sizeof marker, f) ||
        !id_file_folder(path, folder, sizeof folder, f) || !digest_file(path, digest, f))
        return false;
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return fault_errno(f, errno, "make a folder", folder);
    FILE *file = fopen(marker, "we");
    if (!file)
        return fault_errno(f, errno, "write", marker);
    bool ok = fprintf(file, "%s\n", digest) > 0;
    if (fclose(file) != 0 || !ok)
        return fault_errno(f, errno, "write", marker);
    return true;
}
