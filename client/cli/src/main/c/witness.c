#define _GNU_SOURCE
#include "witness.h"

#include "channel.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, SESSIONS_OF_A_PROGRAM = 16, UUID_BYTES = 16, RETRY_MILLISECONDS = 100, STATE_MILLISECONDS = 50 };

/* What a program sends, once for each of its sessions. */
struct record {
    char magic[4];
    uint32_t server; /* number of its line in the adaptor file */
    uint8_t session[UUID_BYTES];
};

struct watched {
    int connection;
    int process; /* a pidfd; -1 where the kernel has none or the process is of another namespace */
    int count;
    struct record sessions[SESSIONS_OF_A_PROGRAM];
};

struct witness {
    int listener; /* -1: none */
    int to_keeper;
    int orders;    /* the starter's */
    pid_t starter;
    pid_t stopped; /* the program that the starter has stopped with; 0: none */
    bool out_of_descriptors;
    struct watched *programs;
    size_t count;
    size_t room;
};

static int listen_at(const char *folder) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int place = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The folder's path may be longer than an address. */
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/host", place);
    bool good = place >= 0 && listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                listen(listener, BACKLOG) == 0;
    if (place >= 0) {
        close(place);
    }
    if (!good && listener >= 0) {
        close(listener);
    }
    return good ? listener : -1;
}

static int process_of(int connection, bool *own_user) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    *own_user = getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == geteuid();
    return *own_user && peer.pid > 0 ? (int)syscall(SYS_pidfd_open, peer.pid, 0) : -1;
}

static bool make_room(struct witness *witness) {
    if (witness->count < witness->room) {
        return true;
    }
    size_t room = witness->room == 0 ? 16 : witness->room * 2;
    struct watched *programs = realloc(witness->programs, room * sizeof *programs);
    if (programs == NULL) {
        return false;
    }
    witness->programs = programs;
    witness->room = room;
    return true;
}

static void accept_program(struct witness *witness) {
    int connection = accept4(witness->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) {
        witness->out_of_descriptors = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        return;
    }
    bool own_user;
    int process = process_of(connection, &own_user);
    if (!own_user || !make_room(witness)) {
        close(connection);
        return;
    }
    witness->programs[witness->count++] = (struct watched){.connection = connection, .process = process};
}

static void say(int to_keeper, const char *word, const struct record *record) {
    char digits[2 * UUID_BYTES + 1];
    for (int byte = 0; byte < UUID_BYTES; byte++) {
        snprintf(digits + 2 * byte, 3, "%02x", record->session[byte]);
    }
    channel_say_session(to_keeper, word, record->server, digits);
}

/* Takes what the program has said; false once its end of the socket is closed, or talks nonsense. */
static bool hear_program(int to_keeper, struct watched *program) {
    struct record record;
    ssize_t length;
    while ((length = recv(program->connection, &record, sizeof record, 0)) == (ssize_t)sizeof record) {
        if (memcmp(record.magic, "BFW1", sizeof record.magic) != 0 || program->count == SESSIONS_OF_A_PROGRAM) {
            return false;
        }
        program->sessions[program->count++] = record;
        say(to_keeper, "opened", &record);
    }
    return length < 0 && (errno == EAGAIN || errno == EINTR);
}

static void tell_end(const struct witness *witness, const struct watched *program) {
    for (int i = 0; i < program->count; i++) {
        say(witness->to_keeper, "gone", &program->sessions[i]);
    }
}

static void drop(struct witness *witness, size_t index) {
    struct watched *program = &witness->programs[index];
    close(program->connection);
    if (program->process >= 0) {
        close(program->process);
    }
    *program = witness->programs[--witness->count];
    witness->out_of_descriptors = false;
}

/* 'T' for stopped, 'Z' for ended, 0 for gone. */
static char process_state(pid_t process) {
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return '\0';
    }
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *name_end = strrchr(text, ')'); /* the name may hold anything */
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : '\0';
}

/* Only a parent is told that a process was continued, and the parent is stopped itself: so this one looks. */
static void wake_starter(const struct witness *witness) {
    if (witness->stopped != 0 && process_state(witness->stopped) != 'T' && process_state(witness->starter) == 'T') {
        kill(witness->starter, SIGCONT);
    }
}

static void hear_starter(struct witness *witness) {
    pid_t stopped;
    while (read(witness->orders, &stopped, sizeof stopped) == (ssize_t)sizeof stopped) {
        witness->stopped = stopped;
    }
}

static int patience(const struct witness *witness) {
    if (witness->stopped != 0) {
        return STATE_MILLISECONDS;
    }
    return witness->out_of_descriptors ? RETRY_MILLISECONDS : -1;
}

/* Two entries a program, after the listener's and the starter's. */
static bool wait_for_events(const struct witness *witness, struct pollfd **events) {
    size_t wanted = 2 + 2 * witness->count;
    struct pollfd *all = realloc(*events, wanted * sizeof *all);
    if (all == NULL) {
        return false;
    }
    *events = all;
    all[0] = (struct pollfd){.fd = witness->out_of_descriptors ? -1 : witness->listener, .events = POLLIN};
    all[1] = (struct pollfd){.fd = witness->orders, .events = POLLIN};
    for (size_t i = 0; i < witness->count; i++) {
        all[2 + 2 * i] = (struct pollfd){.fd = witness->programs[i].connection, .events = POLLIN};
        all[3 + 2 * i] = (struct pollfd){.fd = witness->programs[i].process, .events = POLLIN};
    }
    return poll(all, wanted, patience(witness)) >= 0 || errno == EINTR;
}

_Noreturn static void watch(struct witness *witness) {
    struct pollfd *events = NULL;
    while (wait_for_events(witness, &events)) {
        size_t before = witness->count;
        for (size_t i = before; i-- > 0;) { /* downwards: a dropped place is filled by one already looked at */
            struct watched *program = &witness->programs[i];
            bool process_ended = events[3 + 2 * i].revents != 0;
            bool is_open = true;
            if (events[2 + 2 * i].revents != 0 || process_ended) {
                is_open = hear_program(witness->to_keeper, program);
            }
            if (process_ended || !is_open) {
                tell_end(witness, program);
                drop(witness, i);
            }
        }
        witness->out_of_descriptors = false;
        if (events[0].revents != 0) {
            accept_program(witness);
        }
        hear_starter(witness);
        wake_starter(witness);
    }
    _exit(0);
}

/* Two descriptors a program: as many as this user may have. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct witness_handle witness_start(const char *folder, int to_keeper) {
    struct witness_handle none = {.process = 0, .orders = -1};
    int orders[2];
    if (pipe2(orders, O_CLOEXEC | O_NONBLOCK) != 0) {
        return none;
    }
    struct witness witness = {
        .listener = listen_at(folder), .to_keeper = to_keeper, .orders = orders[0], .starter = getpid()};
    pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != witness.starter) {
            _exit(0);
        }
        setsid();
        int kept[] = {witness.listener, to_keeper, orders[0]};
        descriptors_close(0, kept, sizeof kept / sizeof *kept);
        raise_descriptor_limit();
        watch(&witness);
    }
    if (witness.listener >= 0) {
        close(witness.listener);
    }
    close(orders[0]);
    if (process < 0) {
        close(orders[1]);
        return none;
    }
    return (struct witness_handle){.process = process, .orders = orders[1]};
}

static void order(const struct witness_handle *witness, pid_t stopped) {
    if (witness->orders >= 0 && write(witness->orders, &stopped, sizeof stopped) != (ssize_t)sizeof stopped) {
        return; /* it is gone, and who continues the program has to continue this process too */
    }
}

void witness_wake_me_after(const struct witness_handle *witness, pid_t program) { order(witness, program); }

void witness_is_awake(const struct witness_handle *witness) { order(witness, 0); }
