#include "session/adaptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program/log.h"
#include "program/ranks.h"
#include "transport/tls.h"

enum { DEFAULT_PORT = 55001, SECRET_DIGITS = 32 };

static int digit(char c)
{
    int value = -1;
    if (c >= '0' && c <= '9')
        value = c - '0';
    else if (c >= 'a' && c <= 'f')
        value = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        value = c - 'A' + 10;
    return value;
}

/* 32 hexadecimal digits, hyphens ignored, and nothing else. */
bool bf_read_hex(const char *text, uint8_t bytes[16])
{
    int count = 0;
    for (; *text; text++) {
        int value = digit(*text);
        if (*text == '-')
            continue;
        if (value < 0 || count == SECRET_DIGITS)
            return false;
        bytes[count / 2] = (uint8_t)(count % 2 ? bytes[count / 2] | value : value << 4);
        count++;
    }
    return count == SECRET_DIGITS;
}

static bool read_port(const char *text, unsigned *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *port = (unsigned)value;
    return *text && !*end && value > 0 && value < 65536;
}

static bool read_access_secret(uint8_t secret[16])
{
    const char *path = getenv("BF_ACCESS_SECRET_FILE");
    const char *home = getenv("HOME");
    char place[4096], text[128] = "";
    if (!path) {
        snprintf(place, sizeof place, "%s/.bitfusion/access.secret", home ? home : "");
        path = place;
    }
    FILE *file = fopen(path, "re");
    if (!file) {
        bf_say("cannot read the access secret %s: %s. Run as the user who started the appliance, "
               "or through \"bitfusion run\".",
               path, strerror(errno));
        return false;
    }
    bool good = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    text[strcspn(text, " \t\r\n")] = 0;
    good = good && bf_read_hex(text, secret);
    if (!good)
        bf_say("the access secret in %s is not 32 hexadecimal digits. Restore it, or delete it and "
               "restart the appliance.",
               path);
    return good;
}

/* "name=address,rank", as the pool says it. What does not fit is passed over: the host is left. */
static void read_network(struct bf_server *server, const char *word)
{
    struct bf_network *network = &server->networks[server->network_count];
    if (server->network_count < BF_MOST_NETWORKS &&
        sscanf(word, "%15[^= ]=%63[^, ],%u", network->name, network->address, &network->rank) == 3)
        server->network_count++;
}

/* "host[:port] [port [lease srs_port version secret [tls] [name=address,rank]...]]". False if it makes no sense. */
static bool read_line(char *line, struct bf_server *server)
{
    enum { MOST_WORDS = 7 + BF_MOST_NETWORKS };
    char *words[MOST_WORDS] = {0};
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t\r\n", &rest); word && count < MOST_WORDS;
         word = strtok_r(NULL, " \t\r\n", &rest))
        words[count++] = word;
    *server = (struct bf_server){.port = DEFAULT_PORT};
    if (!count)
        return false;
    char *colon = strrchr(words[0], ':');
    bool several = colon && strchr(words[0], ':') != colon; /* an IPv6 address */
    if (colon && !several) {
        *colon = 0;
        if (!read_port(colon + 1, &server->port))
            return false;
    }
    if (!words[0] || strlen(words[0]) >= sizeof server->host)
        return false;
    strcpy(server->host, words[0]);
    if (count >= 2 && !read_port(words[1], &server->port))
        return false;
    if (count >= 6) {
        server->leased = true;
        server->tls = count >= 7 && !strcmp(words[6], "tls");
        for (int i = 6; i < count; i++)
            read_network(server, words[i]);
        return bf_read_hex(words[2], server->lease) && bf_read_hex(words[5], server->secret);
    }
    return count <= 2 && *server->host;
}

static FILE *open_first(char *place, size_t bytes)
{
    const char *path = getenv("BF_ADAPTOR_CONFIG");
    const char *home = getenv("HOME");
    FILE *file = NULL;
    if (path && *path) {
        snprintf(place, bytes, "%s", path);
        file = fopen(place, "re");
        if (!file)
            bf_say("cannot read the adaptor file %s (BF_ADAPTOR_CONFIG): %s. Start the program "
                   "with \"bitfusion run\".",
                   place, strerror(errno));
        return file;
    }
    if (home) {
        snprintf(place, bytes, "%s/.bitfusionio/adaptor.conf", home);
        file = fopen(place, "re");
    }
    if (!file) {
        snprintf(place, bytes, "/etc/bitfusionio/adaptor.conf");
        file = fopen(place, "re");
    }
    if (!file)
        bf_say("no GPU server is known: start the program with \"bitfusion run -n 1 -- PROGRAM\", "
               "or name a server in ~/.bitfusionio/adaptor.conf.");
    return file;
}

/* A server that is named twice has its devices once. */
static bool is_known(const struct bf_server *servers, int candidate)
{
    const struct bf_server *one = &servers[candidate];
    for (int i = 0; i < candidate; i++) {
        if (!strcmp(servers[i].host, one->host) && servers[i].port == one->port &&
            servers[i].leased == one->leased &&
            !memcmp(servers[i].lease, one->lease, sizeof one->lease))
            return true;
    }
    return false;
}

static const char byte_order_mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 with it */

/* The file that was read last. Written where it is another, so that who reads a path of it at the same time reads it whole. */
static char source[4096];
static pthread_mutex_t paths = PTHREAD_MUTEX_INITIALIZER;

static void note_path(char *path, size_t bytes, const char *value)
{
    if (strcmp(path, value) != 0)
        snprintf(path, bytes, "%s", value);
}

int bf_adaptor_folder(void)
{
    char place[sizeof source + 8];
    snprintf(place, sizeof place, "%s.d", source);
    return open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

const struct bf_tls_files *bf_adaptor_tls(void)
{
    static char authority[sizeof source + 32], identity[sizeof source + 32];
    static const struct bf_tls_files files = {authority, identity, identity};
    char path[sizeof authority];
    bf_lock(&paths, BF_LEAF);
    snprintf(path, sizeof path, "%s.d/tls/ca.crt", source);
    note_path(authority, sizeof authority, path);
    snprintf(path, sizeof path, "%s.d/tls/client.pem", source);
    note_path(identity, sizeof identity, path);
    bf_unlock(&paths, BF_LEAF);
    return &files;
}

int bf_adaptor_read(struct bf_server *servers, int most)
{
    char line[2048], place[sizeof source];
    int count = 0, number = 0;
    FILE *file = open_first(place, sizeof place);
    if (!file)
        return 0;
    bf_lock(&paths, BF_LEAF);
    note_path(source, sizeof source, place);
    bf_unlock(&paths, BF_LEAF);
    while (fgets(line, sizeof line, file) && count >= 0) {
        number++;
        if (number == 1 && !strncmp(line, byte_order_mark, strlen(byte_order_mark)))
            memmove(line, line + strlen(byte_order_mark),
                    strlen(line + strlen(byte_order_mark)) + 1);
        const char *begin = line + strspn(line, " \t\r\n");
        if (!*begin || *begin == '#')
            continue;
        if (count == most || !read_line(line, &servers[count])) {
            bf_say("line %d of the adaptor file %s makes no sense. Expected: \"host\", "
                   "\"host:port\" or \"host port\".",
                   number, place);
            count = -1;
        } else if (!servers[count].leased && !read_access_secret(servers[count].secret)) {
            count = -1;
        } else if (!is_known(servers, count)) {
            count++;
        }
    }
    fclose(file);
    if (!count)
        bf_say("the adaptor file %s names no server. Write a line \"host:port\" into it.", place);
    return count > 0 ? count : 0;
}
