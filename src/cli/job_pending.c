#include "cli/command.h"

int cmd_job(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct fault f = {0};
    fault_set(&f, FAULT_USAGE, "the single jobs are not in this build");
    return cli_fail(NULL, &f);
}
