/* CSV: what csv_field writes, a reader of RFC 4180 reads back; and files of ids: what id_file reads,
 * id_writer writes again, each id once, in its order.
 *
 * The first byte chooses; then fields with their length before them, or the file. */
#include <stdio.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/utf8.h"
#include "fuzz/file.h"
#include "phase/id_file.h"

enum { ROOM = 1 << 20, FIELDS_MAX = 16 };

/* One field of RFC 4180; false: not well formed. */
static bool read_field(struct bytes *text, struct buf *out, bool *last)
{
    buf_clear(out);
    bool quoted = text->n > 0 && text->p[0] == '"';
    if (quoted)
        fuzz_u8(text);
    while (text->n > 0) {
        uint8_t c = text->p[0];
        if (!quoted && (c == ',' || c == '\n'))
            break;
        if (!quoted && (c == '"' || c == '\r'))
            return false;
        fuzz_u8(text);
        if (quoted && c == '"') {
            if (text->n == 0 || text->p[0] != '"') {
                quoted = false;
                break;
            }
            fuzz_u8(text);
        }
        buf_append_u8(out, c);
    }
    if (quoted || text->n == 0 || (text->p[0] != ',' && text->p[0] != '\n'))
        return false;
    *last = fuzz_u8(text) == '\n';
    return true;
}

/* What is not UTF-8 is shown as U+FFFD; what a spreadsheet would run gets a ' before it. */
static void expect(struct bytes field, struct buf *out)
{
    buf_clear(out);
    if (field.n > 0 && memchr("=+-@\t", field.p[0], 5))
        buf_append_char(out, '\'');
    while (field.n > 0) {
        size_t n = utf8_length(field);
        if (n > 0)
            buf_append_bytes(out, fuzz_take(&field, n));
        else if (buf_append_text(out, "\xef\xbf\xbd"))
            fuzz_u8(&field);
    }
}

static void a_line_is_read_back(struct bytes in)
{
    struct bytes fields[FIELDS_MAX];
    struct buf line, read, wanted;
    int count = 0;
    buf_init(&line, ROOM);
    buf_init(&read, ROOM);
    buf_init(&wanted, ROOM);
    do {
        fields[count] = fuzz_short(&in);
        csv_field(&line, fields[count], count == 0);
    } while (++count < FIELDS_MAX && in.n > 0);
    csv_end(&line);
    struct bytes rest = buf_view(&line);
    for (int i = 0; i < count; i++) {
        bool last;
        assert(read_field(&rest, &read, &last) && last == (i == count - 1));
        expect(fields[i], &wanted);
        assert(bytes_equal(buf_view(&read), buf_view(&wanted)));
    }
    assert(rest.n == 0);
    buf_fini(&line);
    buf_fini(&read);
    buf_fini(&wanted);
}

static void ids_are_written_again(struct bytes in)
{
    struct id_file read, again;
    struct fault f = {0};
    char path[FUZZ_PATH_MAX];
    fuzz_file("ids", in);
    if (!id_file_read(&read, fuzz_path("ids"), &f)) {
        fuzz_check_fault(&f);
        id_file_fini(&read);
        return;
    }
    snprintf(path, sizeof path, "%s", fuzz_path("ids-again"));
    unlink(path);
    struct id_writer *w = id_writer_new(path, &f);
    assert(w);
    for (size_t i = 0; i < read.count; i++)
        assert(id_file_can_hold(read.ids[i]) && id_writer_add(w, read.ids[i], &f));
    assert(id_writer_left_out(w) == 0 && id_writer_finish(w, NULL, NULL, &f));
    id_writer_free(w);
    assert(id_file_read(&again, path, &f) && again.count == read.count && again.duplicates == 0);
    for (size_t i = 0; i < read.count; i++)
        assert(bytes_equal(read.ids[i], again.ids[i]));
    id_file_fini(&again);
    id_file_fini(&read);
}

static void fuzz_one(struct bytes in)
{
    if (fuzz_u8(&in) & 1)
        ids_are_written_again(in);
    else
        a_line_is_read_back(in);
}
