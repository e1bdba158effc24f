/* liballocations.so: preloaded (LD_PRELOAD), it counts a program's heap allocations and lets one fail.
 *
 *   ALLOCATIONS=FILE      at the program's end: the count, and with ALLOCATION_FAILS who was refused, and whose
 *                         blocks were not given back
 *   ALLOCATION_FAILS=N    the Nth fails; N+: and all after it; 0: none, but blocks are followed
 *   ALLOCATION_OF=program only those are counted, and fail, that the program makes itself: not its libraries
 *
 * glibc's own functions do the work. Not for a sanitized program, which has an allocator of its own.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);
void *memalign(size_t align, size_t n);

enum { LIVE_MAX = 1 << 18 };

struct block {
    void *p;
    void *caller;
};

static struct block live[LIVE_MAX]; /* open addressing; only with ALLOCATION_FAILS */
static atomic_flag live_lock = ATOMIC_FLAG_INIT;
static atomic_ullong count;
static unsigned long long fails_at;
static bool follows, fails_on, of_program, begun;
static uintptr_t text_begin, text_end;

static void find_program(void)
{
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    unsigned long n = getauxval(AT_PHNUM);
    uintptr_t base = 0;
    for (unsigned long i = 0; i < n; i++)
        if (headers[i].p_type == PT_PHDR)
            base = (uintptr_t)headers - headers[i].p_vaddr;
    for (unsigned long i = 0; i < n; i++)
        if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_X)) {
            text_begin = base + headers[i].p_vaddr;
            text_end = text_begin + headers[i].p_memsz;
        }
}

__attribute__((constructor)) static void begin(void)
{
    const char *fails = getenv("ALLOCATION_FAILS"), *of = getenv("ALLOCATION_OF");
    find_program();
    if (fails) {
        char *end;
        fails_at = strtoull(fails, &end, 10);
        fails_on = *end == '+';
        follows = true;
    }
    of_program = of && strcmp(of, "program") == 0;
    begun = true;
}

static bool is_program(const void *caller)
{
    return (uintptr_t)caller >= text_begin && (uintptr_t)caller < text_end;
}

static const char *module_of(const void *caller, uintptr_t *offset)
{
    Dl_info found;
    if (!dladdr(caller, &found) || !found.dli_fname)
        return "?";
    const char *slash = strrchr(found.dli_fname, '/');
    *offset = (uintptr_t)caller - (uintptr_t)found.dli_fbase;
    return slash ? slash + 1 : found.dli_fname;
}

/* At once: whoever is refused memory may abort. */
static void tell_failure(const void *caller)
{
    const char *path = getenv("ALLOCATIONS");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    uintptr_t offset = 0;
    const char *module = module_of(caller, &offset);
    if (fd < 0)
        return;
    dprintf(fd, "failed %s %#lx\n", module, (unsigned long)offset);
    close(fd);
}

/* Whether this allocation may succeed. */
static bool counted(void *caller)
{
    if (!begun || (of_program && !is_program(caller)))
        return true;
    unsigned long long n = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) + 1;
    if (fails_at == 0 || (fails_on ? n < fails_at : n != fails_at))
        return true;
    if (n == fails_at)
        tell_failure(caller);
    errno = ENOMEM;
    return false;
}

static size_t home(const void *p)
{
    return ((uintptr_t)p >> 4) * 0x9e3779b97f4a7c15u >> (64 - 18);
}

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&live_lock, memory_order_acquire))
        ;
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&live_lock, memory_order_release);
}

static void *followed(void *p, void *caller)
{
    if (!follows || !p)
        return p;
    lock();
    size_t i = home(p);
    while (live[i].p)
        i = (i + 1) % LIVE_MAX;
    live[i] = (struct block){p, caller};
    unlock();
    return p;
}

static void forget(const void *p)
{
    if (!follows || !p)
        return;
    lock();
    size_t i = home(p);
    while (live[i].p && live[i].p != p)
        i = (i + 1) % LIVE_MAX;
    /* The gap is closed: whoever stands behind it and could stand in it moves there. */
    for (size_t j = i; live[i].p;) {
        j = (j + 1) % LIVE_MAX;
        if (!live[j].p)
            live[i] = (struct block){0};
        else if ((j - home(live[j].p)) % LIVE_MAX >= (j - i) % LIVE_MAX) {
            live[i] = live[j];
            i = j;
        }
    }
    unlock();
}

void *malloc(size_t n)
{
    void *caller = __builtin_return_address(0);
    return counted(caller) ? followed(__libc_malloc(n), caller) : NULL;
}

void *calloc(size_t n, size_t size)
{
    void *caller = __builtin_return_address(0);
    return counted(caller) ? followed(__libc_calloc(n, size), caller) : NULL;
}

void *realloc(void *p, size_t n)
{
    void *caller = __builtin_return_address(0);
    if (!counted(caller))
        return NULL;
    forget(p);
    return followed(__libc_realloc(p, n), caller);
}

void *memalign(size_t align, size_t n)
{
    void *caller = __builtin_return_address(0);
    return counted(caller) ? followed(__libc_memalign(align, n), caller) : NULL;
}

void *aligned_alloc(size_t align, size_t n)
{
    void *caller = __builtin_return_address(0);
    return counted(caller) ? followed(__libc_memalign(align, n), caller) : NULL;
}

int posix_memalign(void **p, size_t align, size_t n)
{
    void *caller = __builtin_return_address(0);
    void *got = counted(caller) ? followed(__libc_memalign(align, n), caller) : NULL;
    if (got)
        *p = got;
    return got ? 0 : ENOMEM;
}

void free(void *p)
{
    forget(p);
    __libc_free(p);
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("ALLOCATIONS");
    bool followed_them = follows;
    follows = false;
    fails_at = 0;
    FILE *f = path ? fopen(path, followed_them ? "ae" : "we") : NULL;
    if (!f)
        return;
    fprintf(f, "%llu\n", atomic_load(&count));
    uintptr_t offset = 0;
    for (size_t i = 0; followed_them && i < LIVE_MAX; i++)
        if (live[i].p) {
            const char *module = module_of(live[i].caller, &offset);
            fprintf(f, "left %s %#lx\n", module, (unsigned long)offset);
        }
    fclose(f);
}
