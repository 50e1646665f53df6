/* BF_STATS=1: counters on stderr when the program ends. Frees nothing: cudart calls us after this.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program/log.h"
#include "program/output.h"
#include "objects/state.h"
#include "program/ranks.h"

__attribute__((destructor)) static void at_exit(void)
{
    const char *wanted = getenv("BF_STATS");
    uint64_t waits = 0, answered = 0, one_way = 0, out = 0, in = 0;
    if (bf_in_strange_child())
        return;
    for (unsigned i = 0; i < bf_state.worker_count; i++) {
        struct bf_connection *c = &bf_state.workers[i]->connection;
        if (!atomic_load(&c->dead) && bf_try_lock(&c->sender.lock, BF_SENDER)) {
            bf_unlock(&c->sender.lock, BF_SENDER);
            bf_flush(c); /* what the program asked for leaves before it does */
            bf_link_leaving(c);
        }
        waits += atomic_load(&c->waits);
        answered += atomic_load(&c->answered);
        one_way += atomic_load(&c->one_way);
        out += atomic_load(&c->bytes_out);
        in += atomic_load(&c->bytes_in);
    }
    bf_output_write_at_exit();
    if (wanted && !strcmp(wanted, "1") && bf_state.worker_count) {
        char line[256];
        int bytes = snprintf(line, sizeof line,
                             "bitfusion: waits=%llu answered=%llu one-way=%llu bytes-out=%llu bytes-in=%llu\n",
                             (unsigned long long)waits, (unsigned long long)answered, (unsigned long long)one_way,
                             (unsigned long long)out, (unsigned long long)in);
        if (bytes > 0)
            bf_write_quietly(STDERR_FILENO, line, (size_t)bytes);
    }
}
