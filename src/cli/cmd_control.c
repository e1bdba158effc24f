#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "net/line_server.h"
#include "phase/control_command.h"
#include "phase/flow.h"

enum { CONTROL_TIMEOUT_MS = 15000 };

static bool make_line(const struct cli *c, char line[CONTROL_LINE_MAX], struct fault *f)
{
    struct control_command command;
    size_t n = 0;
    for (int i = 0; i < c->word_count && n < CONTROL_LINE_MAX; i++)
        n += (size_t)snprintf(line + n, CONTROL_LINE_MAX - n, "%s%s", i ? " " : "", c->words[i]);
    if (c->values.json && (c->word_count != 1 || strcmp(c->words[0], "status") != 0))
        return fault_set(f, FAULT_USAGE, "--json is for control status");
    if (c->values.json && n < CONTROL_LINE_MAX)
        n += (size_t)snprintf(line + n, CONTROL_LINE_MAX - n, " json");
    if (n >= CONTROL_LINE_MAX)
        return fault_set(f, FAULT_USAGE, "that is more than control takes at once");
    return control_parse(bytes_of(line), &command, f);
}

static bool nobody_there(const struct cli *c, struct fault *f)
{
    const char *dir = c->values.settings.dir;
    int pid = ledger_writer_pid(dir);
    if (pid > 0)
        fault_set(f, FAULT_REFUSED, "process %d works in this directory, and cannot be reached",
                  pid);
    else
        fault_set(f, FAULT_REFUSED, "nothing runs in this directory");
    fault_subject(f, "%s", dir);
    return fault_hint(f, pid > 0 ? "its log says why: look for \"control\" in log.ndjson"
                                 : "max-rate, max-latency and in-flight are set in move.yaml too, "
                                   "or with the command");
}

/* The text below the first line, which is "ok", or a fault's name. */
static bool take_answer(struct buf *answer, const char **text, struct fault *f)
{
    static const enum fault_code codes[] = {FAULT_USAGE, FAULT_REFUSED};
    char *all = (char *)(uintptr_t)buf_text(answer);
    if (answer->failed)
        return fault_memory(f);
    char *end = strchr(all, '\n');
    if (!end)
        return fault_set(f, FAULT_PROTOCOL, "the process answered what cannot be understood");
    *end = '\0';
    *text = end + 1;
    if (strcmp(all, "ok") == 0)
        return true;
    enum fault_code code = FAULT_REFUSED;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(all, fault_code_name(codes[i])) == 0)
            code = codes[i];
    char *hint = strchr(end + 1, '\n');
    if (hint)
        *hint++ = '\0';
    fault_set(f, code, "%.400s", *text);
    return fault_hint(f, "%.*s", hint ? (int)strcspn(hint, "\n") : 0, hint ? hint : "");
}

int cmd_control(struct cli *c)
{
    char line[CONTROL_LINE_MAX];
    const char *text = "";
    struct fault f = {0};
    struct buf answer;
    buf_init(&answer, LINE_ANSWER_MAX + 1);
    bool ok = make_line(c, line, &f) && move_dir_is_there(c->values.settings.dir, &f);
    if (ok) {
        ok = line_ask(c->values.settings.dir, FLOW_SOCKET, line, CONTROL_TIMEOUT_MS, &answer, &f);
        if (!ok && f.code == FAULT_REFUSED)
            nobody_there(c, &f);
        else if (!ok && f.code == FAULT_TIMEOUT)
            fault_hint(&f, "it is in the middle of a long step; ask again");
    }
    ok = ok && take_answer(&answer, &text, &f);
    if (ok)
        fputs(text, stdout);
    buf_fini(&answer);
    return ok ? EXIT_DONE : cli_fail(c, &f);
}
