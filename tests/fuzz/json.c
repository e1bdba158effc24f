/* JSON of servers: what is read is written again with our writer, and read again, and is the same. */
#include "fuzz/fuzz.h"
#include "fuzz/is_json.h"

#include "base/json_write.h"
#include "move/json.h"

enum { ROOM = 1 << 22, DEPTH = JSON_WRITE_DEPTH_MAX - 2 };

/* False: something that our writer does not write as it stands (a real number, deep nesting). */
static bool write_value(struct json_writer *w, json_value v, int depth)
{
    int64_t i;
    bool b, ok = depth < DEPTH;
    if (json_is_object(v) || json_is_array(v)) {
        void *cursor = NULL;
        const char *key;
        json_value member;
        if (!ok)
            return json_null_value(w), false;
        if (json_is_array(v)) {
            json_begin_array(w);
            for (size_t k = 0; k < json_count(v); k++)
                ok = write_value(w, json_at(v, k), depth + 1) && ok;
        } else {
            json_begin_object(w);
            while (json_next(v, &cursor, &key, &member)) {
                assert(json_get(v, key) == member);
                json_key(w, key);
                ok = write_value(w, member, depth + 1) && ok;
            }
        }
        json_end(w);
        return ok;
    }
    if (!bytes_are_null(json_text(v)))
        json_bytes_value(w, json_text(v));
    else if (json_int(v, &i))
        json_int_value(w, i);
    else if (json_bool(v, &b))
        json_bool_value(w, b);
    else
        json_null_value(w);
    return json_is_null(v) || !bytes_are_null(json_text(v)) || json_int(v, &i) || json_bool(v, &b);
}

static bool same(json_value a, json_value b)
{
    int64_t i, j;
    bool p, q;
    void *cursor = NULL;
    const char *key;
    json_value member;
    if (json_count(a) != json_count(b) || json_is_array(a) != json_is_array(b) ||
        json_is_object(a) != json_is_object(b) || json_is_null(a) != json_is_null(b))
        return false;
    for (size_t k = 0; json_is_array(a) && k < json_count(a); k++)
        if (!same(json_at(a, k), json_at(b, k)))
            return false;
    while (json_next(a, &cursor, &key, &member))
        if (!same(member, json_get(b, key)))
            return false;
    return bytes_equal(json_text(a), json_text(b)) && json_int(a, &i) == json_int(b, &j) &&
           (!json_int(a, &i) || i == j) && json_bool(a, &p) == json_bool(b, &q) &&
           (!json_bool(a, &p) || p == q);
}

static void fuzz_one(struct bytes in)
{
    struct fault f = {0};
    uint8_t *alone = fuzz_alone(in);
    struct json *read = json_parse((struct bytes){alone, in.n}, &f);
    if (read) {
        struct buf out;
        struct json_writer w;
        buf_init(&out, ROOM);
        json_writer_init(&w, &out, in.n & 1);
        bool whole = write_value(&w, json_root(read), 0);
        assert(!out.failed && is_json(buf_view(&out)));
        struct json *again = json_parse(buf_view(&out), &f);
        assert(again);
        if (whole)
            assert(same(json_root(read), json_root(again)));
        json_free(again);
        json_free(read);
        buf_fini(&out);
    } else {
        fuzz_check_fault(&f);
    }
    free(alone);
}
