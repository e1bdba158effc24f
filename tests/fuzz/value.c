/* A type as system_schema writes it, in one line; then a value of it. */
#include "fuzz/print.h"

static void read_again(const struct type *t)
{
    struct type same, element;
    struct fault f = {0};
    assert(type_parse(&same, bytes_of(t->text), &f));
    assert(same.kind == t->kind && same.frozen == t->frozen && strcmp(same.text, t->text) == 0);
    for (int i = 0; type_element(t, i, &element); i++)
        assert(strlen(element.text) < strlen(t->text));
}

static void fuzz_one(struct bytes in)
{
    struct type t;
    struct fault f = {0};
    struct bytes text = fuzz_line(&in);
    uint8_t *alone = fuzz_alone(in);
    struct bytes value = {alone, in.n}, element;
    if (type_parse(&t, text, &f)) {
        read_again(&t);
        print_both(&t, value);
        print_both(&t, bytes_null());
    } else {
        fuzz_check_fault(&f);
    }
    size_t cursor = 0;
    int count = list_count(value), n = 0;
    while (count >= 0 && list_next(value, &cursor, &element))
        n++;
    assert(count < 0 || n == count);
    free(alone);
}
