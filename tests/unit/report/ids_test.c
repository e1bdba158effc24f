#include "report_case.h"

#include "report/ids.h"

static void write_ids(struct ledger_case *c, const char *a, const char *b, char kept[200])
{
    char path[120];
    uint64_t count = 0;
    case_path(c, "ids.csv", path);
    struct ids_file *x = ids_new(path, &c->f);
    assert_non_null(x);
    assert_true(ids_add(x, bytes_of(a), &c->f));
    assert_true(ids_add(x, bytes_of(b), &c->f));
    assert_true(ids_finish(x, kept, 200, &count, &c->f));
    assert_int_equal(count, 2);
    ids_free(x);
}

static void ids_stand_one_per_line(void **state)
{
    struct ledger_case *c = *state;
    char kept[200];
    write_ids(c, "b", "a", kept);
    assert_string_equal(kept, "");
    assert_file(c, "ids.csv", "b\na\n");
    assert_null(case_text(c, "ids.csv.new"));
}

static void an_earlier_file_that_differs_is_kept(void **state)
{
    struct ledger_case *c = *state;
    char kept[200], name[120];
    write_ids(c, "1", "2", kept);
    write_ids(c, "1", "2", kept);
    assert_string_equal(kept, "");
    assert_null(case_text(c, "ids.csv.1"));
    write_ids(c, "1", "3", kept);
    case_path(c, "ids.csv.1", name);
    assert_string_equal(kept, name);
    write_ids(c, "1", "2", kept);
    assert_file(c, "ids.csv", "1\n2\n");
    assert_file(c, "ids.csv.1", "1\n2\n");
    assert_file(c, "ids.csv.2", "1\n3\n");
}

static void an_unfinished_file_changes_nothing(void **state)
{
    struct ledger_case *c = *state;
    char kept[200], path[120];
    write_ids(c, "1", "2", kept);
    case_path(c, "ids.csv", path);
    struct ids_file *x = ids_new(path, &c->f);
    assert_true(ids_add(x, bytes_of("3"), &c->f));
    ids_free(x);
    assert_file(c, "ids.csv", "1\n2\n");
    assert_null(case_text(c, "ids.csv.new"));
}

static void an_id_that_is_no_line_is_refused(void **state)
{
    struct ledger_case *c = *state;
    char path[120];
    case_path(c, "ids.csv", path);
    struct ids_file *x = ids_new(path, &c->f);
    assert_false(ids_add(x, bytes_of(""), &c->f));
    assert_false(ids_add(x, bytes_null(), &c->f));
    assert_false(ids_add(x, bytes_of("a\nb"), &c->f));
    assert_false(ids_add(x, bytes_of("a\r"), &c->f));
    assert_false(ids_add(x, (struct bytes){(const uint8_t *)"a\0b", 3}, &c->f));
    assert_int_equal(c->f.code, FAULT_DAMAGED);
    ids_free(x);
    assert_null(ids_new("/nonexistent/ids.csv", &c->f));
    assert_int_equal(c->f.code, FAULT_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(ids_stand_one_per_line),
        case_test(an_earlier_file_that_differs_is_kept),
        case_test(an_unfinished_file_changes_nothing),
        case_test(an_id_that_is_no_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
