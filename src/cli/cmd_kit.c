#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/job.h"
#include "cli/kit_files.h"
#include "move/tenant.h"

enum { KIT_FILE_MAX = 64 * 1024 };

static bool make_dir(const char *path, struct fault *f)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST ||
           fault_errno(f, errno, "make a folder", path);
}

static bool write_file(const char *dir, const struct kit_file *k, const struct kit_words *words,
                       struct fault *f)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", dir, k->path) >= (int)sizeof path)
        return fault_set(f, FAULT_USAGE, "the folder's name is too long");
    char *slash = strrchr(path, '/');
    *slash = '\0';
    if (!make_dir(path, f))
        return false;
    *slash = '/';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, k->job ? 0755 : 0644);
    if (fd < 0 && errno == EEXIST) {
        fault_set(f, FAULT_REFUSED, "there is a kit already");
        fault_subject(f, "%s", path);
        return fault_hint(f, "Choose another folder, or remove that one: nothing is overwritten");
    }
    if (fd < 0)
        return fault_errno(f, errno, "write", path);
    struct buf text;
    buf_init(&text, KIT_FILE_MAX);
    kit_file_write(k, words, &text);
    bool ok = text.failed ? fault_memory(f)
                          : write(fd, text.p, text.n) == (ssize_t)text.n ||
                                fault_errno(f, errno, "write", path);
    buf_fini(&text);
    if (close(fd) != 0 && ok)
        ok = fault_errno(f, errno, "write", path);
    return ok;
}

static bool write_kit(const struct cli *c, const char *dir, struct fault *f)
{
    char binary[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", binary, sizeof binary - 1);
    binary[n > 0 ? n : 0] = '\0';
    const struct settings *s = &c->values.settings;
    const struct kit_words words = {.source = s->source[0] ? s->source : JOB_PAGE_SOURCE,
                                    .target = s->target[0] ? s->target : JOB_PAGE_TARGET,
                                    .binary = binary};
    bool is_given = s->source[0] || s->target[0];
    if (is_given && !(s->source[0] && s->target[0])) {
        fault_set(f, FAULT_USAGE, "only one of the two tenants is given");
        return fault_hint(f, "give both: --source ID --target ID");
    }
    if (!tenant_id_check("source", words.source, f) || !tenant_id_check("target", words.target, f))
        return false;
    if (!make_dir(dir, f))
        return false;
    int count;
    const struct kit_file *files = kit_files(&count);
    for (int i = 0; i < count; i++) {
        if (!write_file(dir, &files[i], &words, f))
            return false;
    }
    /* The scripts know the page's tenants; others stand where they look first. */
    return !is_given || write_file(dir, kit_tenants(), &words, f);
}

int cmd_kit(struct cli *c)
{
    struct fault f = {0};
    if (!write_kit(c, c->words[0], &f))
        return cli_fail(c, &f);
    printf(
        "Wrote %s/. The page's commands work there as printed; %s/README.md says the rest.\n"
        "Next: cd %s/user_root_org_migration_run, then step 2 of the page with dry_run=\"true\".\n",
        c->words[0], c->words[0], c->words[0]);
    return EXIT_DONE;
}
