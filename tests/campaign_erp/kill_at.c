/* Kills its own process at the n-th durable write or the n-th write to a socket, just before or just
   after it. Loaded with LD_PRELOAD into the process under test; nothing in that process knows of it.
   MILLRACE_KILL_AT = "sync:17:before" | "sync:17:after" | "send:3:before" | "send:3:after" */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NOTHING, SYNC, SEND };

static int wanted = NOTHING, is_before = 1;
static long nth = 0;
static atomic_long seen = 0;

__attribute__((constructor)) static void read_wish(void)
{
    const char *wish = getenv("MILLRACE_KILL_AT");
    if (wish == NULL)
        return;
    wanted = strncmp(wish, "sync:", 5) == 0 ? SYNC : SEND;
    nth = atol(wish + 5);
    is_before = strstr(wish, ":before") != NULL;
}

/* True when this call is the one. */
static int is_it(int kind)
{
    return kind == wanted && atomic_fetch_add(&seen, 1) + 1 == nth;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static int is_socket(int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode);
}

#define AROUND(kind, result_type, name, parameters, arguments)                                 \
    result_type name parameters                                                                \
    {                                                                                          \
        static result_type(*real) parameters;                                                  \
        if (real == NULL)                                                                      \
            real = (result_type(*) parameters)dlsym(RTLD_NEXT, #name);                         \
        int it = (kind) != NOTHING && is_it(kind);                                             \
        if (it && is_before)                                                                   \
            die();                                                                             \
        result_type result = real arguments;                                                   \
        if (it)                                                                                \
            die();                                                                             \
        return result;                                                                         \
    }

AROUND(SYNC, int, fsync, (int fd), (fd))
AROUND(SYNC, int, fdatasync, (int fd), (fd))
AROUND(SEND, ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags))
AROUND(SEND, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
AROUND(wanted == SEND && is_socket(fd) ? SEND : NOTHING, ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
AROUND(wanted == SEND && is_socket(fd) ? SEND : NOTHING, ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
