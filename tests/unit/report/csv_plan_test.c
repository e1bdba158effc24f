#include "report_case.h"

#include "report/csv_plan.h"

static void each_rule_has_a_file_of_before_and_after(void **state)
{
    struct ledger_case *c = *state;
    int files = 0;
    struct simple_change s;
    case_create(c);
    assert_true(ledger_put(c->l, "table.user.columns",
                           bytes_of("id text\nrootorgid text\nroles list<text>\n"), &c->f));
    simple_change(&s, "user", 1);
    assert_true(ledger_add(c->l, &s.c, &c->f));
    simple_change(&s, "user", 2);
    s.before.value = bytes_null();
    s.after.value = bytes_of("=evil(), \"x\"\n");
    s.c.fence = WRITETIME_NONE;
    s.c.state = CHANGE_REJECTED;
    s.c.reason = bytes_of("too late, sorry");
    assert_true(ledger_add(c->l, &s.c, &c->f));
    simple_change(&s, "user", 3); /* touches another column, a list */
    static const uint8_t list[] = {0, 0, 0, 2, 0, 0, 0, 1, 'a', 0, 0, 0, 1, 'b'};
    s.before.name = s.after.name = bytes_of("roles");
    s.before.value = (struct bytes){list, sizeof list};
    s.after.value = bytes_null();
    assert_true(ledger_add(c->l, &s.c, &c->f));
    case_add(c, "batch", 4);
    simple_change(&s, "old-organisation", 5);
    s.c.pass = 2;
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_true(csv_plan_write(c->l, c->dir, 1, &files, &c->f));
    assert_int_equal(files, 2);
    assert_file(c, "user.csv",
                "row_name,id,rootorgid.before,rootorgid.after,roles.before,roles.after,kind,origin,"
                "state,fence,reason\n"
                "user:row-000001,row-000001,old,new,,,update,plain,planned,1002,\n"
                "user:row-000002,row-000002,null,\"'=evil(), \"\"x\"\"\n\",,,update,plain,rejected,"
                ",\"too late, sorry\"\n"
                "user:row-000003,row-000003,,,\"[\"\"a\"\", \"\"b\"\"]\",null,update,plain,planned,"
                "1004,\n");
    assert_file(c, "batch.csv",
                "row_name,id,rootorgid.before,rootorgid.after,kind,origin,state,fence,reason\n"
                "batch:row-000004,row-000004,old,new,update,plain,planned,1005,\n");
    assert_null(case_text(c, "old-organisation.csv"));
    assert_null(case_text(c, "user.csv.new"));
}

static void a_moved_row_shows_what_differs_in_the_new_one(void **state)
{
    struct ledger_case *c = *state;
    struct simple_change s;
    case_create(c);
    simple_change(&s, "user", 1);
    struct named_cell key[] = {{bytes_of("userid"), bytes_of("u1"), WRITETIME_NONE, 0},
                               {bytes_of("organisationid"), bytes_of("o1"), WRITETIME_NONE, 0}};
    struct named_cell new_key[] = {{bytes_of("userid"), bytes_of("u1"), WRITETIME_NONE, 0},
                                   {bytes_of("organisationid"), bytes_of("o2"), WRITETIME_NONE, 0}};
    struct named_cell before[] = {{bytes_of("position"), bytes_of("teacher"), 5, 0},
                                  {bytes_of("hashtagid"), bytes_of("h1"), 5, 0}};
    struct named_cell after[] = {{bytes_of("position"), bytes_of("teacher"), 6, 0},
                                 {bytes_of("hashtagid"), bytes_of("h2"), 6, 0}};
    s.c.kind = CHANGE_MOVE;
    s.c.origin = CHANGE_MERGE;
    s.c.key = (struct named_cells){key, 2};
    s.c.new_key = (struct named_cells){new_key, 2};
    s.c.before = (struct named_cells){before, 2};
    s.c.after = (struct named_cells){after, 2};
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_true(csv_plan_write(c->l, c->dir, 0, NULL, &c->f));
    assert_file(c, "user.csv",
                "row_name,userid,organisationid,organisationid.before,organisationid.after,"
                "hashtagid.before,hashtagid.after,kind,origin,state,fence,reason\n"
                "user:u1/o1,u1,o1,o1,o2,h1,h2,move,merge,planned,1002,\n");
}

static void a_personal_value_is_not_shown(void **state)
{
    struct ledger_case *c = *state;
    struct simple_change s;
    case_create(c);
    assert_true(ledger_put(c->l, "table.user.personal", bytes_of("root\nrootorgid\n"), &c->f));
    simple_change(&s, "user", 1);
    s.after.value = bytes_null();
    assert_true(ledger_add(c->l, &s.c, &c->f));
    assert_true(csv_plan_write(c->l, c->dir, 0, NULL, &c->f));
    assert_file(c, "user.csv",
                "row_name,id,rootorgid.before,rootorgid.after,kind,origin,state,fence,reason\n"
                "user:row-000001,row-000001,(personal),null,update,plain,planned,1002,\n");
}

static void a_long_plan_is_written_whole(void **state)
{
    struct ledger_case *c = *state;
    char path[120];
    uint64_t rows = 0;
    case_create(c);
    for (int i = 0; i < 3000; i++)
        case_add(c, "user", i);
    case_path(c, "u.csv", path);
    assert_true(csv_plan_write_rule(c->l, "user", 1, path, &rows, &c->f));
    assert_int_equal(rows, 3000);
    char *text = case_text(c, "u.csv");
    int lines = 0;
    for (const char *p = text; p && *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 3001);
    free(text);
    assert_false(csv_plan_write_rule(c->l, "user", 1, "/nonexistent/u.csv", &rows, &c->f));
    assert_int_equal(c->f.code, FAULT_IO);
}

static void a_damaged_list_of_columns_is_said(void **state)
{
    struct ledger_case *c = *state;
    case_create(c);
    case_add(c, "user", 1);
    assert_true(ledger_put(c->l, "table.user.columns", bytes_of("id\n"), &c->f));
    assert_false(csv_plan_write(c->l, c->dir, 1, NULL, &c->f));
    assert_int_equal(c->f.code, FAULT_DAMAGED);
    assert_null(case_text(c, "user.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_test(each_rule_has_a_file_of_before_and_after),
        case_test(a_moved_row_shows_what_differs_in_the_new_one),
        case_test(a_personal_value_is_not_shown),
        case_test(a_long_plan_is_written_whole),
        case_test(a_damaged_list_of_columns_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
