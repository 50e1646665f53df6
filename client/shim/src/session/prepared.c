#include "session/prepared.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "session/adaptor.h"
#include "transport/connection.h"

enum { PATIENCE_MILLISECONDS = 2000, PAUSE_NS = 500 * 1000 };

/* The folder beside the adaptor file; -1 if it is not this user's alone. */
static int open_folder(void)
{
    struct stat state;
    int folder = bf_adaptor_folder();
    if (folder >= 0 && (fstat(folder, &state) || state.st_uid != geteuid() || (state.st_mode & 077))) {
        close(folder);
        folder = -1;
    }
    return folder;
}

/* The first one to rename it has it. */
static bool claim(int folder, char name[64])
{
    uint64_t end = bf_now() + PATIENCE_MILLISECONDS * 1000000ull;
    const struct timespec pause = {0, PAUSE_NS};
    snprintf(name, 64, "taken-%ld", (long)getpid());
    while (renameat(folder, "prepared", folder, name)) {
        /* Announced first, put there next, no more announced then. */
        bool announced = !faccessat(folder, "preparing", F_OK, 0);
        if (!renameat(folder, "prepared", folder, name))
            break;
        if (!announced || bf_now() > end)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool read_from(int folder, const char *name, struct bf_prepared *p)
{
    char text[256] = "", session[33], secret[33];
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t bytes = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    if (file >= 0)
        close(file);
    return bytes > 0 &&
           sscanf(text, "%u %32[0-9a-f] %32[0-9a-f] %" SCNu64 " %" SCNu64, &p->port, session, secret,
                  &p->window_base, &p->window_bytes) == 5 &&
           bf_read_hex(session, p->session) && bf_read_hex(secret, p->secret);
}

bool bf_prepared_take(struct bf_prepared *prepared)
{
    char name[64];
    int folder = open_folder();
    if (folder < 0)
        return false;
    bool good = claim(folder, name) && read_from(folder, name, prepared);
    unlinkat(folder, name, 0);
    close(folder);
    return good;
}
