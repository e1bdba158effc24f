/* A profile as an operator may write it. */
#include "fuzz/fuzz.h"

#include "move/profile.h"
#include "move/yaml_tree.h"

static void check_rule(const struct rule *r)
{
    assert(r->name[0] && memchr(r->name, '\0', sizeof r->name));
    assert(r->table[0] && memchr(r->table, '\0', sizeof r->table));
    assert(r->is_graph || r->keyspace[0]);
    assert(r->set_count >= 0 && r->set_count <= RULE_SET_MAX && r->line > 0);
    assert(r->sync == SYNC_NONE || r->sync_id[0] || r->is_graph);
}

static void fuzz_one(struct bytes in)
{
    static const struct keyspace_map map[] = {{"sunbird", "other"}};
    struct arena a;
    struct profile p;
    struct fault f = {0};
    uint8_t *alone = fuzz_alone(in);
    struct bytes yaml = {alone, in.n};
    arena_init(&a, 64 << 20);
    if (profile_parse(&p, yaml, "profile.yaml", map, in.n & 1, &a, &f)) {
        assert(p.rule_count >= 0 && p.rule_count <= PROFILE_RULES_MAX);
        for (int i = 0; i < p.rule_count; i++)
            check_rule(&p.rules[i]);
        assert(bytes_equal(p.text, yaml));
    } else {
        fuzz_check_fault(&f);
        assert(f.code == FAULT_USAGE || f.code == FAULT_MEMORY);
    }
    arena_fini(&a);
    free(alone);
}
