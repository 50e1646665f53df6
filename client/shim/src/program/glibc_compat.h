/*
 * Put before every file of the library: binds the functions that glibc 2.29 and later gave a newer
 * version to the version of GLIBC_2.28 or older, so that the library loads on older distributions.
 * The tests hold the library to it (objdump).
 */
#ifndef BF_GLIBC_COMPAT_H
#define BF_GLIBC_COMPAT_H

#include <sys/stat.h>

#define BF_OLD(symbol) __asm__(".symver " #symbol "," #symbol "@GLIBC_2.2.5")
BF_OLD(pthread_create);
BF_OLD(pthread_detach);
BF_OLD(pthread_join);
BF_OLD(pthread_once);
BF_OLD(pthread_sigmask);
BF_OLD(pthread_key_create);
BF_OLD(pthread_key_delete);
BF_OLD(pthread_setspecific);
BF_OLD(pthread_getspecific);
BF_OLD(pthread_mutex_trylock);
BF_OLD(pthread_rwlock_init);
BF_OLD(pthread_rwlock_destroy);
BF_OLD(pthread_rwlock_rdlock);
BF_OLD(pthread_rwlock_wrlock);
BF_OLD(pthread_rwlock_unlock);
BF_OLD(sem_init);
BF_OLD(sem_wait);
BF_OLD(sem_post);
BF_OLD(dlsym);
BF_OLD(__fxstat);
BF_OLD(__xstat);

/* Symbols of their own since 2.33; before that they were these in a header. */
int __fxstat(int version, int descriptor, struct stat *out);
static inline int bf_fstat(int descriptor, struct stat *out)
{
    return __fxstat(1, descriptor, out);
}
#define fstat(descriptor, out) bf_fstat(descriptor, out)

int __xstat(int version, const char *path, struct stat *out);
static inline int bf_stat(const char *path, struct stat *out)
{
    return __xstat(1, path, out);
}

#endif
