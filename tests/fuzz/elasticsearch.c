/* Elasticsearch's answers: to the greeting, about which indices there are, and to _mget. */
#include "fuzz/fake_http.h"

#include "index/index.h"

enum { READS_MAX = 4 };

static bool each(void *context, int i, const struct document *d, struct fault *f)
{
    (void)f;
    int *seen = context;
    assert(i == (*seen)++);
    assert(d->organisation_count >= 0 && d->organisation_count <= DOCUMENT_LIST_MAX);
    assert(d->created_for_count >= 0 && d->created_for_count <= DOCUMENT_LIST_MAX);
    assert(d->found || (bytes_are_null(d->root_org_id) && d->organisation_count == 0));
    return true;
}

static void fuzz_one(struct bytes in)
{
    static struct bytes ids[2];
    static const struct index_options o = {.address = "http://index:9200"};
    struct fault f = {0};
    struct index_about about;
    uint8_t mode = fuzz_u8(&in);
    ids[0] = bytes_of("u1");
    ids[1] = bytes_of("u-2");
    fake_answers = in;
    struct index *x = index_elasticsearch_open(NULL, &o, &f);
    if (!x) {
        fuzz_check_fault(&f);
        return;
    }
    x->adapter->about(x, &about);
    fuzz_check_words(about.product);
    fuzz_check_words(about.indices);
    for (int i = 0; i < READS_MAX && fake_answers.n > 0; i++) {
        int seen = 0;
        f = (struct fault){0};
        if (x->adapter->read(x, (enum index_object)(mode % 3), ids, 2, each, &seen, &f)) {
            assert(seen == 2);
        } else {
            fuzz_check_fault(&f);
            if (f.code == FAULT_SCHEMA)
                break;
        }
    }
    x->adapter->free(x);
}
