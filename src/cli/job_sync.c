/* The page's steps 5 and 6: the ids of a file to the Data Sync API. A file that is not there is an
 * error, never "all ids"; an empty block is never sent. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/job.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "http/http.h"
#include "index/index.h"
#include "ledger/ledger.h"
#include "net/loop.h"
#include "phase/id_file.h"
#include "phase/id_set.h"

#define FAILED_ENDING ".failed"
enum { DEFAULT_BLOCK = 100, LEDGER_ARENA_MAX = 512 * 1024 * 1024, CHANGES_READ = 256 };

struct job_sync {
    struct job *job;
    struct settings *settings;
    const char *path;
    enum index_object object;
    int block_size;
    uint64_t pause_ms;
    struct id_file file;
    struct sync_id *ids;
    size_t count;
    size_t with_course;       /* ids whose course id is known */
    bool plain;               /* this service wants batches without it */
    struct id_set unwritable; /* ids from the ledger alone */
    struct arena arena;       /* what comes from the ledger */
    struct loop *loop;
    struct sync *sync;
    struct progress_line line;
    uint64_t sent;
    uint64_t failed;
    uint64_t unwritten; /* of |failed|, those that no line can hold */
    FILE *failed_file;
    char failed_path[PATH_MAX];
};

static bool read_object(struct job_sync *s, struct fault *f)
{
    static const struct {
        const char *name;
        enum index_object object;
        bool is_api_name;
    } names[] = {
        {"user", INDEX_USER, true},
        {"batch", INDEX_BATCH, true},
        {"organisation", INDEX_ORGANISATION, true},
        {"course_batch", INDEX_BATCH, false},
        {"org", INDEX_ORGANISATION, false},
    };
    const char *given = context_params_get(&s->job->params, "sunbird_sync_object_type");
    if (!given || !given[0]) {
        fault_set(f, FAULT_USAGE, "sunbird_sync_object_type is not given");
        return fault_hint(f, "It is user, batch or organisation");
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, given) != 0)
            continue;
        s->object = names[i].object;
        if (!names[i].is_api_name)
            job_say("the API knows no object type %s and would ignore the ids: taken as %s", given,
                    index_object_name(s->object));
        return true;
    }
    fault_set(f, FAULT_USAGE, "sunbird_sync_object_type is not known: %s", given);
    return fault_hint(f, "It is user, batch or organisation");
}

/* A number of the page; nothing given or nothing sensible: |otherwise|. */
static bool read_number(const struct job *j, const char *key, int otherwise, int *out,
                        struct fault *f)
{
    const char *text = context_params_get(&j->params, key);
    *out = otherwise;
    if (!text || !text[0])
        return true;
    char *end;
    long v = strtol(text, &end, 10);
    if (*end != '\0' || v > INT_MAX || v < INT_MIN)
        return fault_set(f, FAULT_USAGE, "%s must be a whole number, not \"%s\"", key, text);
    *out = (int)v;
    return true;
}

static bool read_parameters(struct job_sync *s, struct fault *f)
{
    int pause;
    if (!read_object(s, f) ||
        !read_number(s->job, "sunbird_sync_block_size", s->settings->sync_block_size,
                     &s->block_size, f) ||
        !read_number(s->job, "sunbird_sync_sleep_time", s->settings->sync_pause_ms, &pause, f))
        return false;
    if (s->block_size <= 0) {
        job_say("sunbird_sync_block_size %d is taken as %d", s->block_size, DEFAULT_BLOCK);
        s->block_size = DEFAULT_BLOCK;
    }
    if (s->block_size > SYNC_BLOCK_MAX) {
        job_say("sunbird_sync_block_size %d is taken as %d, the most there can be", s->block_size,
                SYNC_BLOCK_MAX);
        s->block_size = SYNC_BLOCK_MAX;
    }
    s->pause_ms = pause > 0 ? (uint64_t)pause : 0;
    s->path = context_params_get(&s->job->params, "sunbird_sync_id_file");
    if (!s->path || !s->path[0]) {
        fault_set(f, FAULT_USAGE, "sunbird_sync_id_file is not given");
        return fault_hint(
            f, "It is the output file of the step before; all ids of a table are never synced");
    }
    if (!s->settings->sync_url[0]) {
        fault_set(f, FAULT_USAGE, "sunbird_sync_api_endpoint is not given");
        return fault_hint(f, "--context_param sunbird_sync_api_endpoint=https://HOST/v1/data/sync");
    }
    return true;
}

static bool read_ids(struct job_sync *s, struct fault *f)
{
    if (!id_file_read(&s->file, s->path, f))
        return fault_hint(f, "Nothing was sent");
    if (s->file.count == 0) {
        fault_set(f, FAULT_REFUSED, "the id file names no id");
        fault_subject(f, "%s", s->path);
        return fault_hint(
            f, "Nothing was sent: an empty list would make the service re-index everything it has");
    }
    s->ids = calloc(s->file.count, sizeof *s->ids);
    if (!s->ids)
        return fault_memory(f);
    for (size_t i = 0; i < s->file.count; i++)
        s->ids[i].id = s->file.ids[i];
    s->count = s->file.count;
    return true;
}

struct by_id {
    struct bytes id;
    size_t place;
};

static int compare_ids(const void *a, const void *b)
{
    const struct by_id *x = a, *y = b;
    size_t n = x->id.n < y->id.n ? x->id.n : y->id.n;
    int order = memcmp(x->id.p, y->id.p, n);
    return order ? order : (x->id.n > y->id.n) - (x->id.n < y->id.n);
}

/* An id that cannot stand on a line is in the ledger only. */
static bool add_unwritable(struct job_sync *s, struct bytes id, struct fault *f)
{
    int added = id_set_add(&s->unwritable, id);
    if (added <= 0)
        return added == 0 || fault_memory(f);
    struct sync_id *more = reallocarray(s->ids, s->count + 1, sizeof *more);
    if (!more)
        return fault_memory(f);
    s->ids = more;
    s->ids[s->count++] = (struct sync_id){.id = id};
    return true;
}

static bool take_change(struct job_sync *s, const struct change *c, const struct by_id *index,
                        struct fault *f)
{
    bool in_file = id_file_can_hold(c->sync_id);
    if (in_file && bytes_are_null(c->sync_course_id))
        return true;
    struct bytes id = arena_copy(&s->arena, c->sync_id);
    if (!id.p)
        return fault_memory(f);
    if (!in_file)
        return add_unwritable(s, id, f);
    struct by_id key = {.id = id};
    struct by_id *found = bsearch(&key, index, s->file.count, sizeof key, compare_ids);
    if (!found || !bytes_are_null(s->ids[found->place].course_id))
        return true;
    struct bytes course = arena_copy(&s->arena, c->sync_course_id);
    if (!course.p)
        return fault_memory(f);
    s->ids[found->place].course_id = course;
    s->with_course++;
    return true;
}

static bool take_changes(struct job_sync *s, struct ledger *l, const struct by_id *index,
                         struct fault *f)
{
    static const enum sync_object objects[] = {[INDEX_USER] = SYNC_USER,
                                               [INDEX_ORGANISATION] = SYNC_ORGANISATION,
                                               [INDEX_BATCH] = SYNC_BATCH};
    struct change changes[CHANGES_READ];
    struct ledger_query q = {0};
    struct arena a;
    bool ok = true;
    arena_init(&a, LEDGER_ARENA_MAX);
    while (ok) {
        int n = ledger_read(l, &q, changes, CHANGES_READ, &a, f);
        if (n <= 0) {
            ok = n == 0;
            break;
        }
        for (int i = 0; ok && i < n; i++) {
            if (changes[i].sync_object == (int)objects[s->object] && changes[i].sync_id.n > 0)
                ok = take_change(s, &changes[i], index, f);
        }
        q.after_seq = changes[n - 1].seq;
        arena_reset(&a);
    }
    arena_fini(&a);
    return ok;
}

/* Cuts |ending| off |path|. */
static bool cut_ending(char *path, const char *ending)
{
    size_t n = strlen(path), end = strlen(ending);
    if (n <= end || strcmp(path + n - end, ending) != 0)
        return false;
    path[n - end] = '\0';
    return true;
}

/* The folder of the ledger that the job left: beside the file, or beside the one that this is the rest of
 * (FILE.failed), or that a file of users goes with (FILE.users). */
static bool ledger_folder(const struct job_sync *s, char *out, size_t room, struct fault *f)
{
    char base[PATH_MAX];
    snprintf(base, sizeof base, "%s", s->path);
    do {
        if (!id_file_folder(base, out, room, f))
            return false;
    } while (!ledger_exists(out) &&
             (cut_ending(base, FAILED_ENDING) || cut_ending(base, JOB_USERS_ENDING)));
    return true;
}

/* Beside a file that one of our jobs made there is its ledger, which knows more than a line can say: the course of a
 * batch, and ids that cannot stand on a line. */
static bool read_ledger(struct job_sync *s, struct fault *f)
{
    char folder[PATH_MAX];
    s->plain = strcmp(s->settings->sync_batch_ids, "plain") == 0;
    if (!ledger_folder(s, folder, sizeof folder, f))
        return false;
    if (!ledger_exists(folder))
        return true;
    struct ledger *l = ledger_open(folder, LEDGER_READ, f);
    struct by_id *index = calloc(s->file.count, sizeof *index);
    bool ok = l && (index || fault_memory(f));
    for (size_t i = 0; ok && i < s->file.count; i++)
        index[i] = (struct by_id){s->ids[i].id, i};
    if (ok) {
        qsort(index, s->file.count, sizeof *index, compare_ids);
        ok = take_changes(s, l, index, f);
    }
    free(index);
    if (ok && strcmp(s->settings->sync_batch_ids, "object") != 0) {
        struct bytes planned; /* what the tables told when the job looked at them */
        ok = ledger_get(l, "plan.batch_ids", &s->arena, &planned, f);
        s->plain = s->plain || bytes_are(planned, "plain");
    }
    if (l)
        ledger_close(l);
    if (ok && s->plain) {
        for (size_t i = 0; i < s->count; i++)
            s->ids[i].course_id = bytes_null();
        s->with_course = 0;
    }
    return ok;
}

/* The parameter counts for every type; a url for batches alone is of move.yaml or the environment. */
static const char *batch_url(const struct job_sync *s)
{
    const char *given = context_params_get(&s->job->params, "sunbird_sync_api_endpoint");
    bool is_given = given && given[0];
    return !is_given && s->settings->sync_batch_url[0] ? s->settings->sync_batch_url : NULL;
}

static bool open_sync(struct job_sync *s, bool in_objects, struct fault *f)
{
    const struct sync_options o = {
        .url = s->settings->sync_url,
        .batch_url = batch_url(s),
        .key = s->settings->sync_key,
        .batch_form = in_objects ? SYNC_BATCH_OBJECT : SYNC_BATCH_PLAIN,
        .synchronous = s->settings->sync_synchronous,
        .request_timeout_ms = 0,
    };
    s->sync = sync_open(s->loop, &o, f);
    return s->sync != NULL;
}

static bool keep_failed(struct job_sync *s, const struct sync_id *id, struct fault *f)
{
    s->failed++;
    if (!s->failed_file) {
        if (snprintf(s->failed_path, sizeof s->failed_path, "%s" FAILED_ENDING, s->path) >=
            (int)sizeof s->failed_path)
            return fault_set(f, FAULT_USAGE, "the id file's name is too long");
        s->failed_file = fopen(s->failed_path, "we");
        if (!s->failed_file)
            return fault_set(f, FAULT_IO, "could not write the file of what was not synced: %s",
                             s->failed_path);
    }
    if (!id_file_can_hold(id->id)) { /* the ledger has it */
        s->unwritten++;
        return true;
    }
    fwrite(id->id.p, 1, id->id.n, s->failed_file);
    putc('\n', s->failed_file);
    return true;
}

/* A block that the service refuses for good goes to the file of failures; what ends the run returns
 * false. */
static bool send_block(struct job_sync *s, const struct sync_id *ids, int count, struct fault *f)
{
    bool *failed = calloc((size_t)count, sizeof *failed);
    if (!failed)
        return fault_memory(f);
    struct fault why = {0};
    bool ok = sync_block(s->sync, s->object, ids, count, failed, &why);
    bool stops = !ok && (why.code == FAULT_DENIED || why.code == FAULT_INTERRUPTED ||
                         why.code == FAULT_USAGE || why.code == FAULT_UNREACHABLE);
    bool kept = true;
    for (int i = 0; kept && !stops && i < count; i++) {
        if (!ok || failed[i])
            kept = keep_failed(s, &ids[i], f);
        else
            s->sent++;
    }
    free(failed);
    if (!ok && !stops)
        progress_clear(&s->line);
    if (!ok && !stops)
        cli_warn("a block of %d ids was not synced: %s", count, why.text);
    if (stops)
        *f = why;
    return !stops && kept;
}

/* All ids whose course is known, or all whose course is not. */
static bool send_form(struct job_sync *s, bool in_objects, struct fault *f)
{
    struct sync_id *block = calloc((size_t)s->block_size, sizeof *block);
    if (!block)
        return fault_memory(f);
    bool ok = open_sync(s, in_objects, f);
    int n = 0;
    for (size_t i = 0; ok && i <= s->count; i++) {
        if (i < s->count && !bytes_are_null(s->ids[i].course_id) == in_objects)
            block[n++] = s->ids[i];
        if (n == 0 || (n < s->block_size && i < s->count))
            continue;
        if (s->sent + s->failed > 0 && s->pause_ms > 0 && !loop_sleep(s->loop, s->pause_ms))
            ok = fault_set(f, FAULT_INTERRUPTED, "stopped between two calls");
        ok = ok && send_block(s, block, n, f);
        n = 0;
        progress_show(&s->line, &(struct progress){.phase = "sync",
                                                   .part = index_object_name(s->object),
                                                   .unit = "ids",
                                                   .done = s->sent + s->failed,
                                                   .done_here = s->sent + s->failed,
                                                   .total = s->count,
                                                   .errors = s->failed});
    }
    progress_clear(&s->line);
    if (s->sync)
        sync_free(s->sync);
    s->sync = NULL;
    free(block);
    return ok;
}

static void say_what(const struct job_sync *s, bool dry)
{
    char ids[64];
    size_t blocks = (s->count + (size_t)s->block_size - 1) / (size_t)s->block_size;
    char url[HTTP_URL_SHOWN_MAX];
    const char *of_batches = s->object == INDEX_BATCH ? batch_url(s) : NULL;
    url_show(of_batches ? of_batches : s->settings->sync_url, url);
    text_counted(ids, s->count, "id", "ids");
    job_say("%s: %s %s of type %s in %zu block%s to %s", dry ? "DRY RUN" : "real run",
            dry ? "would send" : "sends", ids, index_object_name(s->object), blocks,
            blocks == 1 ? "" : "s", url);
    if (s->file.duplicates > 0)
        job_say("%zu line%s of %s name%s an id that was named before", s->file.duplicates,
                s->file.duplicates == 1 ? "" : "s", s->path, s->file.duplicates == 1 ? "s" : "");
    if (s->object == INDEX_BATCH && s->with_course > 0)
        job_say("%zu of them with their course id, as newer course services want it",
                s->with_course);
    if (s->object == INDEX_BATCH && s->with_course < s->count && !s->plain)
        job_say("%zu of them without a course id, which newer course services answer with 200 and "
                "ignore: no ledger beside %s knows it",
                s->count - s->with_course, s->path);
}

/* A service that wants objects answers 200 to a plain id, and indexes nothing. */
static bool refuse_plain(const struct job_sync *s, struct fault *f)
{
    if (s->object != INDEX_BATCH || strcmp(s->settings->sync_batch_ids, "object") != 0 ||
        s->with_course == s->count)
        return true;
    fault_set(f, FAULT_REFUSED,
              "%zu of %zu batches have no course id, which `sync-batch-ids: object` "
              "asks for; nothing was sent",
              s->count - s->with_course, s->count);
    fault_subject(f, "%s", s->path);
    return fault_hint(
        f, "send the file where its job left it: the ledger beside it knows the courses");
}

static bool send_all(struct job_sync *s, struct fault *f)
{
    progress_init(&s->line, false);
    s->loop = loop_new(f);
    if (!s->loop || !loop_catch_signals(s->loop, f))
        return false;
    bool ok = s->with_course == 0 || send_form(s, true, f);
    if (ok && s->with_course < s->count)
        ok = send_form(s, false, f);
    return ok;
}

static int finish(struct job_sync *s, bool ok, struct fault *f)
{
    char sent[64], left_out[64];
    text_counted(sent, s->sent, "id", "ids");
    if (s->failed_file && fclose(s->failed_file) != 0 && ok)
        ok = fault_set(f, FAULT_IO, "could not write %s", s->failed_path);
    if (!ok) {
        if (s->sent > 0)
            fault_hint(f,
                       "%s were sent before; the same command sends all again, which does no harm",
                       sent);
        return cli_fail(&s->job->cli, f);
    }
    if (s->failed > 0) {
        printf("Sent %s; %" PRIu64 " could not be synced: their ids are in %s.\n", sent, s->failed,
               s->failed_path);
        if (s->unwritten > 0)
            printf("  but for %s that no line can hold: this job takes %s from the ledger, with "
                   "either file\n",
                   text_counted(left_out, s->unwritten, "id", "ids"),
                   s->unwritten == 1 ? "it" : "them");
        return EXIT_SOME_ROWS;
    }
    /* An earlier run's rest is sent now. */
    snprintf(s->failed_path, sizeof s->failed_path, "%s" FAILED_ENDING, s->path);
    unlink(s->failed_path);
    if (!id_file_mark_synced(s->path, f))
        cli_warn("%s", f->text);
    printf("Sent %s. The service works on them after its answer: look at the documents, not at its "
           "200.\n",
           sent);
    return EXIT_DONE;
}

int job_sync_run(struct job *j)
{
    struct job_sync s = {.job = j, .settings = &j->cli.values.settings};
    struct fault f = {0};
    arena_init(&s.arena, LEDGER_ARENA_MAX);
    int code;
    bool ok =
        read_parameters(&s, &f) && read_ids(&s, &f) && read_ledger(&s, &f) && refuse_plain(&s, &f);
    if (!ok) {
        code = cli_fail(&j->cli, &f);
    } else if (j->dry) {
        say_what(&s, true);
        code = EXIT_DONE;
    } else {
        say_what(&s, false);
        ok = send_all(&s, &f);
        code = finish(&s, ok, &f);
    }
    if (s.loop)
        loop_free(s.loop);
    free(s.ids);
    id_file_fini(&s.file);
    id_set_fini(&s.unwritable);
    arena_fini(&s.arena);
    return code;
}
