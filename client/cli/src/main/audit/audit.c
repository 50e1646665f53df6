/*
 * LD_AUDIT library of a session (docs/decisions/0009): whatever path a program would find libcuda.so by (DT_RPATH, an
 * LD_LIBRARY_PATH that a wrapper has set, an absolute path), it gets the one beside this library. The dynamic linker loads
 * it into every process of the session, into a namespace of its own: so it uses no C library, and does nothing until
 * libcuda.so is looked for. See rtld-audit(7).
 */
enum { AUDIT_VERSION = 1, PATH_BYTES = 4096, MAPS_BYTES = 8192 };

unsigned la_version(unsigned version);
char *la_objsearch(const char *name, unsigned long *cookie, unsigned flag);

/* Every version of the interface begins with what is used here. */
__attribute__((visibility("default"))) unsigned la_version(unsigned version) {
    return version < AUDIT_VERSION ? version : AUDIT_VERSION;
}

#ifdef __x86_64__
enum { SYS_READ = 0, SYS_OPEN = 2, SYS_CLOSE = 3, SYS_ACCESS = 21, READABLE = 4, CLOEXEC = 02000000 };

static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static unsigned long hexadecimal(const char **text) {
    unsigned long value = 0;
    for (;; ++*text) {
        char c = **text;
        if (c >= '0' && c <= '9') {
            value = value * 16 + (unsigned long)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value * 16 + (unsigned long)(c - 'a' + 10);
        } else {
            return value;
        }
    }
}

/* `place` is "low-high rights offset device inode   path" of /proc/self/maps. The path, if the line is our own. */
static const char *own_path(const char *line) {
    unsigned long here = (unsigned long)&own_path;
    const char *at = line;
    unsigned long low = hexadecimal(&at);
    at += *at == '-';
    unsigned long high = hexadecimal(&at);
    while (*at != '\0' && *at != '/') {
        at++;
    }
    return here >= low && here < high && *at == '/' ? at : 0;
}

/* Replaces what follows the last "/lib/audit/" of a path; false if there is none. */
static int name_library(const char *path, char *library) {
    static const char tail[] = "/lib/cuda/libcuda.so.1";
    static const char mark[] = "/lib/audit/";
    int end = -1;
    int length = 0;
    for (; path[length] != '\0' && length < PATH_BYTES - (int)sizeof tail; length++) {
        int same = 0;
        while (mark[same] != '\0' && path[length + same] == mark[same]) {
            same++;
        }
        end = mark[same] == '\0' ? length : end;
        library[length] = path[length];
    }
    for (int i = 0; end >= 0 && i < (int)sizeof tail; i++) {
        library[end + i] = tail[i];
    }
    return end >= 0;
}

/* Line by line, for there may be thousands of mappings. */
static int find_library(char *library) {
    char line[PATH_BYTES + 128];
    char block[MAPS_BYTES];
    int length = 0;
    int found = 0;
    long count;
    long maps = call(SYS_OPEN, (long)"/proc/self/maps", CLOEXEC, 0);
    while (maps >= 0 && !found && (count = call(SYS_READ, maps, (long)block, sizeof block)) > 0) {
        for (long i = 0; i < count && !found; i++) {
            if (block[i] != '\n') {
                line[length] = block[i];
                length += length < (int)sizeof line - 1;
                continue;
            }
            line[length] = '\0';
            length = 0;
            const char *path = own_path(line);
            found = path != 0 && name_library(path, library);
        }
    }
    if (maps >= 0) {
        call(SYS_CLOSE, maps, 0, 0);
    }
    return found && call(SYS_ACCESS, (long)library, READABLE, 0) == 0;
}

/* "library" or "library.1". */
static int is_named(const char *base, const char *library) {
    int i = 0;
    while (library[i] != '\0' && base[i] == library[i]) {
        i++;
    }
    return library[i] == '\0' && (base[i] == '\0' || (base[i] == '.' && base[i + 1] == '1' && base[i + 2] == '\0'));
}

/* One of the two names of our library, in whatever folder. */
static int is_driver(const char *name) {
    const char *base = name;
    for (const char *at = name; *at != '\0'; at++) {
        base = *at == '/' ? at + 1 : base;
    }
    return is_named(base, "libcuda.so") || is_named(base, "libnvidia-ml.so");
}

/* Called under the dynamic linker's lock, so never twice at once. */
__attribute__((visibility("default"))) char *la_objsearch(const char *name, unsigned long *cookie, unsigned flag) {
    static char library[PATH_BYTES];
    static int state; /* 0 not looked for, 1 there, 2 not there */
    (void)cookie;
    (void)flag;
    if (!is_driver(name)) {
        return (char *)(unsigned long)name;
    }
    if (state == 0) {
        state = find_library(library) ? 1 : 2;
    }
    return state == 1 ? library : (char *)(unsigned long)name;
}
#endif
