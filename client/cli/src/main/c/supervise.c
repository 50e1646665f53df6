#define _GNU_SOURCE
#include "supervise.h"

#include "channel.h"
#include "limits.h"
#include "program.h"
#include "witness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_INTERNAL = 70, EXIT_LIMITS = 71, JAVA_WORDS_BYTES = 400, EXIT_SIGNAL_BASE = 128 };

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGWINCH};

struct supervisor {
    struct inherited inherited;
    pid_t keeper;
    pid_t program;
    struct witness_handle witness;
    int from_keeper;   /* -1 once closed */
    int to_keeper;     /* -1 once closed */
    int signals;
    int keeper_code;
    int program_code;  /* valid once program_ended */
    bool program_ended;
    char java_words[JAVA_WORDS_BYTES + 1];
    bool cancelled;    /* told to the keeper: nothing is started any more */
    bool keeper_ended;
    bool keeper_spoke; /* it has got as far as its own code */
};

static void fail(const char *what) { fprintf(stderr, "bitfusion: %s: %s\n", what, strerror(errno)); }

static int exit_code(int status) {
    return WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Blocks what is forwarded and opens the descriptor that tells of it. What the user had ignored stays so. */
static bool watch_signals(struct supervisor *supervisor) {
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
        struct sigaction action;
        if (sigaction(forwarded[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(&watched, forwarded[i]);
        }
    }
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &plain, &supervisor->inherited.child);
    sigprocmask(SIG_BLOCK, &watched, &supervisor->inherited.mask);
    supervisor->signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    return supervisor->signals >= 0;
}

static void outlive_failed_writes(struct inherited *inherited) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, &inherited->broken_pipe);
    sigaction(SIGXFSZ, &ignore, &inherited->full_file);
}

static void drop_variables_of_the_program(void) {
    /* Meant for the program, not for the lease keeper; which is told of what it adds to (SessionEnvironment.java). */
    const char *audit = getenv("LD_AUDIT");
    if (audit != NULL) {
        setenv("BF_PROGRAMS_LD_AUDIT", audit, 1);
    } else {
        unsetenv("BF_PROGRAMS_LD_AUDIT");
    }
    static const char *const names[] = {"LD_PRELOAD", "LD_AUDIT", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsetenv(names[i]);
    }
}

static bool start_keeper(struct supervisor *supervisor, const struct home *home, char *subcommand) {
    int requests[2];
    int answers[2];
    if (pipe2(requests, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t starter = getpid();
    supervisor->keeper = fork();
    if (supervisor->keeper == 0) {
        setsid();
        if (dup2(answers[0], STDIN_FILENO) < 0 || dup2(requests[1], STDOUT_FILENO) < 0) {
            _exit(EXIT_INTERNAL);
        }
        descriptors_close(STDERR_FILENO + 1, NULL, 0);
        inherited_signals_restore(&supervisor->inherited);
        drop_variables_of_the_program();
        home_exec_keeper(home, starter, limits_raise_for_java(), subcommand);
        fprintf(stderr, "bitfusion: %s/runtime/bin/java: %s; reinstall bitfusion\n", home->directory, strerror(errno));
        _exit(EXIT_INTERNAL);
    }
    close(requests[1]);
    close(answers[0]);
    supervisor->from_keeper = requests[0];
    supervisor->to_keeper = answers[1];
    return supervisor->keeper > 0;
}

/* What the program now holds itself is let go here, so that a pipe it closes is closed. */
static void release_descriptors(const struct supervisor *supervisor) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
    int kept[] = {supervisor->from_keeper, supervisor->to_keeper, supervisor->signals, supervisor->witness.orders};
    descriptors_close(STDERR_FILENO + 1, kept, sizeof kept / sizeof *kept);
}

static void write_output(const struct message *message) {
    for (size_t done = 0; done < message->length;) {
        ssize_t count = write(STDOUT_FILENO, message->body + done, message->length - done);
        if (count < 0 && errno != EINTR) {
            return;
        }
        done += count > 0 ? (size_t)count : 0;
    }
}

/* It holds the keeper's input open too. */
static void end_witness(struct supervisor *supervisor) {
    if (supervisor->witness.process > 0) {
        kill(supervisor->witness.process, SIGKILL);
        waitpid(supervisor->witness.process, NULL, 0);
        supervisor->witness.process = 0;
    }
}

/* A JVM that cannot start says why on its standard output. */
static void collect_words(struct supervisor *supervisor, const struct message *message) {
    char *words = supervisor->java_words;
    size_t length = message->header_length;
    memcpy(words, message->header, length);
    ssize_t count;
    while (length < JAVA_WORDS_BYTES && (count = read(supervisor->from_keeper, words + length, JAVA_WORDS_BYTES - length)) > 0) {
        length += (size_t)count;
    }
    words[length] = '\0';
    for (char *at = words; *at != '\0'; at++) {
        if (*at == '\n' || *at == '#') {
            *at = ' ';
        }
    }
}

static void hear_keeper(struct supervisor *supervisor) {
    struct message message;
    enum channel_state state = channel_read(supervisor->from_keeper, &message);
    if (state == CHANNEL_BROKEN && !supervisor->keeper_spoke) {
        collect_words(supervisor, &message);
    }
    supervisor->keeper_spoke |= state == CHANNEL_MESSAGE;
    if (state != CHANNEL_MESSAGE) {
        close(supervisor->from_keeper);
        supervisor->from_keeper = -1;
        return;
    }
    if (message.kind == MESSAGE_OUTPUT) {
        write_output(&message);
    } else if (message.kind == MESSAGE_BYE) {
        end_witness(supervisor);
        close(supervisor->to_keeper);
        supervisor->to_keeper = -1;
    } else if (message.kind == MESSAGE_WATCH) {
        supervisor->witness = witness_start(message.body, supervisor->to_keeper);
    } else if (supervisor->program == 0 && !supervisor->cancelled) {
        pid_t process = program_start(message.body, message.length, &supervisor->inherited);
        if (process < 0) {
            channel_say(supervisor->to_keeper, "failed", errno);
        } else {
            supervisor->program = process;
            release_descriptors(supervisor);
            channel_say(supervisor->to_keeper, "started", process);
        }
    }
    free(message.body);
}

/* Stops this process as the program was stopped, so that the shell takes the terminal back. */
static void stop_self(int signal_number) {
    sigset_t one;
    sigset_t before;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    kill(getpid(), signal_number);
    sigprocmask(SIG_UNBLOCK, &one, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void reap(struct supervisor *supervisor) {
    int status;
    pid_t process;
    while ((process = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (WIFSTOPPED(status)) {
            if (process == supervisor->program) {
                witness_wake_me_after(&supervisor->witness, process);
                stop_self(WSTOPSIG(status));
                witness_is_awake(&supervisor->witness);
            }
        } else if (process == supervisor->program) {
            supervisor->program_ended = true;
            supervisor->program_code = exit_code(status);
            channel_say(supervisor->to_keeper, "ended", supervisor->program_code);
        } else if (process == supervisor->witness.process) {
            supervisor->witness.process = 0;
        } else if (process == supervisor->keeper) {
            supervisor->keeper_ended = true;
            supervisor->keeper_code = exit_code(status);
            if (WIFSIGNALED(status) && !supervisor->program_ended) {
                fprintf(stderr, "bitfusion: the process that holds the GPUs was killed (signal %d); they are lost soon\n",
                        WTERMSIG(status));
            }
        }
    }
}

static void hear_signal(struct supervisor *supervisor) {
    struct signalfd_siginfo signal_info;
    while (read(supervisor->signals, &signal_info, sizeof signal_info) == (ssize_t)sizeof signal_info) {
        int number = (int)signal_info.ssi_signo;
        bool from_terminal = signal_info.ssi_code > 0; /* the kernel has sent it to the whole group */
        if (number == SIGCHLD) {
            reap(supervisor);
        } else if (supervisor->program_ended) {
            continue; /* the release is short and bounded */
        } else if (supervisor->program > 0) {
            pid_t sender = (pid_t)signal_info.ssi_pid;
            bool own = sender == supervisor->program || sender == supervisor->witness.process;
            if ((!from_terminal || number == SIGCONT) && !own) {
                kill(supervisor->program, number);
            }
        } else if (number == SIGTSTP) {
            stop_self(number);
        } else if (number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM) {
            supervisor->cancelled = true;
            channel_say(supervisor->to_keeper, "cancel", number);
        }
    }
}

static bool is_over(const struct supervisor *supervisor) {
    bool program_over = supervisor->program == 0 || supervisor->program_ended;
    return supervisor->keeper_ended && supervisor->from_keeper < 0 && program_over;
}

/* The keeper has ended before its own code ran: a limit, or a broken installation. */
static int explain_keeper(const struct supervisor *supervisor) {
    if (limits_explain()) {
        return EXIT_LIMITS;
    }
    fprintf(stderr, "bitfusion: the process that holds the GPUs cannot start: %s\n",
            supervisor->java_words[0] != '\0' ? supervisor->java_words : "its Java runtime ended without a word");
    return EXIT_INTERNAL;
}

int supervise(const struct home *home, char *subcommand) {
    struct supervisor supervisor = {.from_keeper = -1, .to_keeper = -1, .witness = {.orders = -1}};
    outlive_failed_writes(&supervisor.inherited);
    if (limits_forbid_start()) {
        return EXIT_LIMITS;
    }
    limits_raise_descriptors(&supervisor.inherited.descriptors);
    if (!watch_signals(&supervisor) || !start_keeper(&supervisor, home, subcommand)) {
        int failure = errno;
        if ((failure == EAGAIN || failure == EMFILE || failure == ENOMEM) && limits_explain()) {
            return EXIT_LIMITS;
        }
        errno = failure;
        fail("cannot start");
        return EXIT_INTERNAL;
    }
    while (!is_over(&supervisor)) {
        struct pollfd watched[] = {{.fd = supervisor.signals, .events = POLLIN},
                                   {.fd = supervisor.from_keeper, .events = POLLIN}};
        if (poll(watched, 2, -1) < 0 && errno != EINTR) {
            fail("poll");
            return EXIT_INTERNAL;
        }
        if (watched[1].revents != 0) {
            hear_keeper(&supervisor);
        }
        if (watched[0].revents != 0) {
            hear_signal(&supervisor);
        }
    }
    if (supervisor.program_ended) {
        return supervisor.program_code;
    }
    bool failed = supervisor.keeper_code != 0 && !supervisor.keeper_spoke && !supervisor.cancelled;
    return failed ? explain_keeper(&supervisor) : supervisor.keeper_code;
}
