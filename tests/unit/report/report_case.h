/* The directory and the simple changes of the ledger's tests, and files as text. */
#ifndef REPORT_CASE_H
#define REPORT_CASE_H

#include "../ledger/ledger_case.h"

static inline void case_path(struct ledger_case *c, const char *name, char out[120])
{
    snprintf(out, 120, "%s/%s", c->dir, name);
}

/* The file's text, to be freed; NULL when there is none. */
static inline char *case_text(struct ledger_case *c, const char *name)
{
    char path[120];
    case_path(c, name, path);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = calloc(1, 1024 * 1024);
    assert_non_null(text);
    size_t n = fread(text, 1, 1024 * 1024 - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static inline void assert_file(struct ledger_case *c, const char *name, const char *expected)
{
    char *text = case_text(c, name);
    assert_non_null(text);
    if (strcmp(text, expected) != 0)
        print_message("%s", text);
    assert_string_equal(text, expected);
    free(text);
}

#endif
