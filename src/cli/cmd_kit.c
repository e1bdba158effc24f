#include "cli/command.h"

int cmd_kit(struct cli *c)
{
    struct fault f = {0};
    fault_set(&f, FAULT_USAGE, "the kit is not in this build");
    return cli_fail(c, &f);
}
