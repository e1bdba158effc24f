/* move.yaml as an operator may write it. */
#include "fuzz/file.h"

#include "cli/command.h"
#include "cli/config.h"

static void fuzz_one(struct bytes in)
{
    struct cli c;
    struct fault f = {0};
    fuzz_file("move.yaml", in);
    cli_init(&c);
    c.command = command_find("plan");
    assert(c.command);
    if (!config_read(&c, fuzz_folder(), &f))
        fuzz_check_fault(&f);
    else if (!config_complete(&c, &f))
        fuzz_check_fault(&f);
    cli_fini(&c);
}
