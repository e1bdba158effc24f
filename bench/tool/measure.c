/* tm-measure: runs one command and writes what it took into a file. A process of its own, because a
 * command's peak memory is never below that of the process that started it. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    pid_t pid;
    int status;
    struct rusage usage;
    FILE *out = argc > 2 ? fopen(argv[1], "w") : NULL;
    if (!out) {
        fputs("usage: tm-measure FILE COMMAND…\n", stderr);
        return 64;
    }
    double start = now();
    int error = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
    if (error) {
        fprintf(stderr, "tm-measure: %s: %s\n", argv[2], strerror(error));
        return 127;
    }
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR)
            return 1;
    fprintf(out,
            "{\"wall_s\": %.6f, \"client_user_s\": %.6f, \"client_system_s\": %.6f, "
            "\"client_peak_mb\": %.3f}\n",
            now() - start, seconds(usage.ru_utime), seconds(usage.ru_stime),
            (double)usage.ru_maxrss / 1024);
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
