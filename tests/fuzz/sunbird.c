/* The Data Sync service's answers to blocks. A block counts as taken only when the service's own success
 * envelope says so. */
#include "fuzz/fake_http.h"

#include "index/sunbird_message.h"

enum { BLOCKS_MAX = 4 };

static void fuzz_one(struct bytes in)
{
    static const char long_id[600] = "many";
    const struct sync_id ids[] = {{bytes_of("u1"), bytes_of("c1")},
                                  {bytes_of("u-2"), bytes_of("c1")},
                                  {{(const uint8_t *)long_id, sizeof long_id}, bytes_of("c")}};
    bool failed[3] = {false};
    struct fault f = {0};
    uint8_t mode = fuzz_u8(&in);
    const struct sync_options o = {.url = "http://learner:9000/v1/data/sync",
                                   .key = "key",
                                   .batch_form = (enum sync_batch_form)(mode & 1),
                                   .synchronous = mode & 2};
    fake_answers = in;
    struct sync *s = sync_sunbird_open(NULL, &o, &f);
    assert(s);
    for (int i = 0; i < BLOCKS_MAX && fake_answers.n > 0; i++) {
        f = (struct fault){0};
        if (!s->adapter->block(s, (enum index_object)(mode / 4 % 3), ids, 3,
                               mode & 2 ? failed : NULL, &f))
            fuzz_check_fault(&f);
    }
    s->adapter->free(s);
}
