/* Faults in file operations, for tests: preloaded into a process, it counts the operations below a folder, logs them,
 * and at one of them ends the process or lets it fail.
 *
 * An operation is an open that may write, a write, a flush to the disk, a rename, a removal, a new folder or link, a
 * truncation, or a close of what was open for writing. The counter is shared with forked processes. Files that stdio
 * (fopen) writes are not seen: it calls the kernel past the symbols that a preloaded library can take the place of.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { KILL = -1, TORN = -2 }; /* beside positive numbers of errors: end the process; end it in the middle of a write */
enum { LASTING = 1, FLUSHING = 2 };

static struct {
    char folder[PATH_MAX];
    long at;       /* number of the operation, from 1 */
    int fault;     /* KILL, TORN or an errno */
    int flags;     /* LASTING: what needs space goes on failing; FLUSHING: do flush to the disk, not only count it */
    int log;       /* descriptor, or -1 */
    long *counter; /* operations so far, of all processes */
} plan = {.log = -1};

typedef struct {
    const char *kind;
    char path[PATH_MAX], other[PATH_MAX]; /* other: new name of a rename or link */
    long number;                          /* 0: not below the folder */
    int grows;                            /* needs space on the disk, or proves that it was there */
    long long place;                      /* offset of a write, flags of an open, length of a truncation */
    size_t bytes;                         /* written */
} operation;

/* Watch a folder from the next operation on, and count from 1 again; fault 0 only counts and logs. */
void faults_arm(const char *folder, long at, int fault, int flags, const char *log) {
    if (plan.counter == NULL)
        plan.counter = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *plan.counter = 0;
    plan.at = at, plan.fault = fault, plan.flags = flags;
    plan.log = log == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    snprintf(plan.folder, sizeof plan.folder, "%s", folder);
}

#define REAL(name, ...)                                                                                                \
    ({                                                                                                                 \
        static __typeof__(&name) real;                                                                                 \
        if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                           \
        real(__VA_ARGS__);                                                                                             \
    })

static void descriptor_path(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void path_at(int folder, const char *name, char *path) {
    char base[PATH_MAX] = "";
    if (name[0] != '/') {
        if (folder != AT_FDCWD) descriptor_path(folder, base);
        else if (getcwd(base, sizeof base) == NULL) base[0] = 0;
        strncat(base, "/", sizeof base - strlen(base) - 1);
    }
    if (snprintf(path, PATH_MAX, "%s%s", base, name) >= PATH_MAX) path[0] = 0;
}

static int watched(const char *path) {
    size_t length = strlen(plan.folder);
    return length && strncmp(path, plan.folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static void begin(operation *it, const char *kind, int grows) {
    it->kind = kind, it->number = 0, it->other[0] = 0, it->grows = grows, it->place = 0, it->bytes = 0;
}

static void begin_at(operation *it, const char *kind, int grows, int folder, const char *name) {
    begin(it, kind, grows);
    path_at(folder, name, it->path);
}

static void begin_open(operation *it, const char *kind, int grows, int descriptor) {
    begin(it, kind, grows);
    descriptor_path(descriptor, it->path);
}

/* Count an operation. True, with errno, if it must fail; in a torn write, true with errno 0. */
static int fails(operation *it) {
    if (!watched(it->path)) return 0;
    it->number = __atomic_add_fetch(plan.counter, 1, __ATOMIC_SEQ_CST);
    int later = (plan.flags & LASTING) && it->number > plan.at && it->grows;
    if (plan.fault == 0 || !(it->number == plan.at || later)) return 0;
    int writes = strcmp(it->kind, "write") == 0;
    if (plan.fault == KILL || (plan.fault == TORN && !writes)) raise(SIGKILL);
    errno = plan.fault == TORN ? 0 : plan.fault;
    return 1;
}

/* Log an operation that was done: a line of numbers, then names and data. */
static void done(const operation *it, int descriptor) {
    if (it->number == 0 || plan.log < 0) return;
    int error = errno;
    char *data = malloc(it->bytes), head[160];
    if (it->bytes) { /* read back, so that every way to write is logged alike */
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        int copy = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
        if (copy < 0 || syscall(SYS_pread64, copy, data, it->bytes, it->place) != (long)it->bytes) raise(SIGABRT);
        syscall(SYS_close, copy);
    }
    size_t sizes[] = {strlen(it->path), strlen(it->other), it->bytes};
    int length = snprintf(head, sizeof head, "%ld %d %s %lld %zu %zu %zu\n", it->number, getpid(), it->kind, it->place,
                          sizes[0], sizes[1], sizes[2]);
    struct iovec parts[] = {{head, (size_t)length}, {(void *)it->path, sizes[0]}, {(void *)it->other, sizes[1]},
                            {data, sizes[2]}};
    syscall(SYS_writev, plan.log, parts, 4); /* one call, so that processes do not mix their lines */
    free(data);
    errno = error;
}

static int open_at(int folder, const char *name, int flags, mode_t mode) {
    operation it;
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    if (writes) {
        begin_at(&it, "open", (flags & O_CREAT) != 0, folder, name);
        it.place = flags;
        if (fails(&it)) return -1;
    }
    int descriptor = (int)syscall(SYS_openat, folder, name, flags, mode);
    if (writes && descriptor >= 0) done(&it, descriptor);
    return descriptor;
}

static mode_t mode_of(int flags, va_list more) { return flags & O_CREAT ? va_arg(more, mode_t) : 0; }

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = mode_of(flags, more);                                                                            \
        va_end(more);                                                                                                  \
        return open_at(AT_FDCWD, path, flags, mode);                                                                   \
    }
#define OPENAT(name)                                                                                                   \
    int name(int folder, const char *path, int flags, ...) {                                                           \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = mode_of(flags, more);                                                                            \
        va_end(more);                                                                                                  \
        return open_at(folder, path, flags, mode);                                                                     \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static long wrote(operation *it, int descriptor, long bytes, long long place) {
    if (bytes > 0 && it->number) {
        it->bytes = (size_t)bytes;
        it->place = place >= 0 ? place : syscall(SYS_lseek, descriptor, 0L, SEEK_CUR) - bytes;
        done(it, descriptor);
    }
    return bytes;
}

/* Any write: `call` does it, `half` does half of it. */
#define WRITE(descriptor, place, half, call)                                                                           \
    operation it;                                                                                                      \
    begin_open(&it, "write", 1, descriptor);                                                                           \
    if (fails(&it)) {                                                                                                  \
        if (errno) return -1;                                                                                          \
        half;                                                                                                          \
        raise(SIGKILL);                                                                                                \
    }                                                                                                                  \
    return wrote(&it, descriptor, call, place)

ssize_t write(int descriptor, const void *data, size_t size) {
    WRITE(descriptor, -1, REAL(write, descriptor, data, size / 2), REAL(write, descriptor, data, size));
}
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t place) {
    WRITE(descriptor, place, REAL(pwrite, descriptor, data, size / 2, place),
          REAL(pwrite, descriptor, data, size, place));
}
ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t place) {
    WRITE(descriptor, place, REAL(pwrite64, descriptor, data, size / 2, place),
          REAL(pwrite64, descriptor, data, size, place));
}
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    WRITE(descriptor, -1, REAL(writev, descriptor, parts, count / 2), REAL(writev, descriptor, parts, count));
}
ssize_t sendfile(int descriptor, int from, off_t *offset, size_t size) {
    WRITE(descriptor, -1, REAL(sendfile, descriptor, from, offset, size / 2),
          REAL(sendfile, descriptor, from, offset, size));
}
ssize_t sendfile64(int descriptor, int from, off64_t *offset, size_t size) {
    WRITE(descriptor, -1, REAL(sendfile64, descriptor, from, offset, size / 2),
          REAL(sendfile64, descriptor, from, offset, size));
}
ssize_t copy_file_range(int from, off64_t *offset, int descriptor, off64_t *place, size_t size, unsigned flags) {
    WRITE(descriptor, place == NULL ? -1 : *place,
          REAL(copy_file_range, from, offset, descriptor, place, size / 2, flags),
          REAL(copy_file_range, from, offset, descriptor, place, size, flags));
}

/* Any other operation on an open file. */
#define ON_OPEN(kind, grows, descriptor, where, call)                                                                  \
    operation it;                                                                                                      \
    begin_open(&it, kind, grows, descriptor);                                                                          \
    it.place = where;                                                                                                  \
    if (fails(&it)) return -1;                                                                                         \
    int result = call;                                                                                                 \
    if (result == 0) done(&it, descriptor);                                                                            \
    return result

/* Below the folder a flush is mostly left out: it takes long, and no process sees whether it was done. */
#define LEFT_OUT (it.number && !(plan.flags & FLUSHING))
int fsync(int descriptor) { ON_OPEN("fsync", 1, descriptor, 0, LEFT_OUT ? 0 : REAL(fsync, descriptor)); }
int fdatasync(int descriptor) { ON_OPEN("fsync", 1, descriptor, 0, LEFT_OUT ? 0 : REAL(fdatasync, descriptor)); }
int ftruncate(int descriptor, off_t size) {
    ON_OPEN("truncate", 1, descriptor, size, REAL(ftruncate, descriptor, size));
}
int ftruncate64(int descriptor, off64_t size) {
    ON_OPEN("truncate", 1, descriptor, size, REAL(ftruncate64, descriptor, size));
}

int close(int descriptor) {
    operation it;
    begin_open(&it, "close", 0, descriptor);
    int flags = it.path[0] == '/' ? (int)syscall(SYS_fcntl, descriptor, F_GETFL) : O_RDONLY;
    int failed = (flags & O_ACCMODE) != O_RDONLY && fails(&it), error = errno;
    int result = (int)syscall(SYS_close, descriptor); /* it is closed even where that fails */
    if (failed) errno = error;
    else if (result == 0) done(&it, -1);
    return failed ? -1 : result;
}

/* Any operation on a name. */
#define ON_NAME(kind, grows, folder, name, call)                                                                       \
    operation it;                                                                                                      \
    begin_at(&it, kind, grows, folder, name);                                                                          \
    if (fails(&it)) return -1;                                                                                         \
    int result = call;                                                                                                 \
    if (result == 0) done(&it, -1);                                                                                    \
    return result

int unlink(const char *name) { ON_NAME("unlink", 0, AT_FDCWD, name, REAL(unlink, name)); }
int rmdir(const char *name) { ON_NAME("rmdir", 0, AT_FDCWD, name, REAL(rmdir, name)); }
int unlinkat(int folder, const char *name, int flags) {
    ON_NAME(flags & AT_REMOVEDIR ? "rmdir" : "unlink", 0, folder, name, REAL(unlinkat, folder, name, flags));
}
int mkdir(const char *name, mode_t mode) { ON_NAME("mkdir", 1, AT_FDCWD, name, REAL(mkdir, name, mode)); }
int mkdirat(int folder, const char *name, mode_t mode) {
    ON_NAME("mkdir", 1, folder, name, REAL(mkdirat, folder, name, mode));
}
int truncate(const char *name, off_t size) {
    ON_NAME("truncate", 1, AT_FDCWD, name, (it.place = size, REAL(truncate, name, size)));
}
int truncate64(const char *name, off64_t size) {
    ON_NAME("truncate", 1, AT_FDCWD, name, (it.place = size, REAL(truncate64, name, size)));
}

/* Any operation that gives something another name. */
#define ON_NAMES(kind, grows, from, name, to, other_name, call)                                                        \
    operation it;                                                                                                      \
    begin_at(&it, kind, grows, from, name);                                                                            \
    path_at(to, other_name, it.other);                                                                                 \
    if (fails(&it)) return -1;                                                                                         \
    int result = call;                                                                                                 \
    if (result == 0) done(&it, -1);                                                                                    \
    return result

int rename(const char *name, const char *new) {
    ON_NAMES("rename", 0, AT_FDCWD, name, AT_FDCWD, new, REAL(rename, name, new));
}
int renameat(int from, const char *name, int to, const char *new) {
    ON_NAMES("rename", 0, from, name, to, new, REAL(renameat, from, name, to, new));
}
int renameat2(int from, const char *name, int to, const char *new, unsigned flags) {
    ON_NAMES("rename", 0, from, name, to, new, REAL(renameat2, from, name, to, new, flags));
}
int link(const char *name, const char *new) {
    ON_NAMES("link", 1, AT_FDCWD, name, AT_FDCWD, new, REAL(link, name, new));
}
int linkat(int from, const char *name, int to, const char *new, int flags) {
    ON_NAMES("link", 1, from, name, to, new, REAL(linkat, from, name, to, new, flags));
}
int symlink(const char *target, const char *new) { ON_NAME("symlink", 1, AT_FDCWD, new, REAL(symlink, target, new)); }
int symlinkat(const char *target, int folder, const char *new) {
    ON_NAME("symlink", 1, folder, new, REAL(symlinkat, target, folder, new));
}
