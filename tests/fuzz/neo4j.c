/* Answers of Neo4j: a mode byte (endpoint, which question), a status of two bytes, then the body. */
#include "fuzz/fuzz.h"

#include "graph/neo4j_reply.h"

static void greeting(struct bytes body)
{
    struct neo4j_candidate found[NEO4J_CANDIDATES];
    char version[32];
    int n = neo4j_candidates(body, "neo4j", found, version);
    assert(n >= 1 && n <= NEO4J_CANDIDATES);
    fuzz_check_words(version);
    for (int i = 0; i < n; i++) {
        assert(found[i].path[0] == '/' && memchr(found[i].path, '\0', NEO4J_PATH_MAX));
        fuzz_check_words(found[i].path);
    }
}

static void answer(enum neo4j_endpoint endpoint, int status, struct bytes body)
{
    struct neo4j_reply reply;
    struct fault f = {0};
    enum neo4j_verdict verdict = neo4j_reply_read(&reply, endpoint, status, body, &f);
    if (verdict == NEO4J_OK) {
        assert(status >= 200 && status <= 299);
        for (size_t i = 0; i < neo4j_reply_count(&reply); i++) {
            json_value row = neo4j_reply_row(&reply, i);
            for (size_t k = 0; k < json_count(row); k++)
                json_text(json_at(row, k));
        }
        assert(!neo4j_reply_row(&reply, neo4j_reply_count(&reply)));
    } else {
        fuzz_check_fault(&f);
    }
    neo4j_reply_fini(&reply);
}

static void fuzz_one(struct bytes in)
{
    uint8_t mode = fuzz_u8(&in);
    int status = fuzz_u16(&in) % 600;
    uint8_t *alone = fuzz_alone(in);
    struct bytes body = {alone, in.n};
    if (mode & 4)
        greeting(body);
    else
        answer((enum neo4j_endpoint)(mode % 3), mode & 8 ? 200 : status, body);
    free(alone);
}
