/*
 * What OpenSSL's archives ask of glibc by names that are newer than 2.28: the Makefile renames them to these, which
 * bind the old ones (program/glibc_compat.h). Nothing is ever loaded at run time, whatever a configuration says.
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/stat.h>

int bf_openssl_pthread_once(pthread_once_t *once, void (*function)(void));
int bf_openssl_pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int bf_openssl_pthread_key_delete(pthread_key_t key);
void *bf_openssl_pthread_getspecific(pthread_key_t key);
int bf_openssl_pthread_setspecific(pthread_key_t key, const void *value);
int bf_openssl_pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes);
int bf_openssl_pthread_rwlock_destroy(pthread_rwlock_t *lock);
int bf_openssl_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int bf_openssl_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int bf_openssl_pthread_rwlock_unlock(pthread_rwlock_t *lock);
int bf_openssl_stat(const char *path, struct stat *out);
int bf_openssl_fstat(int descriptor, struct stat *out);
void *bf_openssl_dlopen(const char *name, int flags);
void *bf_openssl_dlsym(void *library, const char *name);
int bf_openssl_dlclose(void *library);
char *bf_openssl_dlerror(void);
int bf_openssl_dladdr(const void *address, void *information);

int bf_openssl_pthread_once(pthread_once_t *once, void (*function)(void))
{
    return pthread_once(once, function);
}

int bf_openssl_pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    return pthread_key_create(key, destructor);
}

int bf_openssl_pthread_key_delete(pthread_key_t key)
{
    return pthread_key_delete(key);
}

void *bf_openssl_pthread_getspecific(pthread_key_t key)
{
    return pthread_getspecific(key);
}

int bf_openssl_pthread_setspecific(pthread_key_t key, const void *value)
{
    return pthread_setspecific(key, value);
}

int bf_openssl_pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes)
{
    return pthread_rwlock_init(lock, attributes);
}

int bf_openssl_pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    return pthread_rwlock_destroy(lock);
}

int bf_openssl_pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return pthread_rwlock_rdlock(lock);
}

int bf_openssl_pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return pthread_rwlock_wrlock(lock);
}

int bf_openssl_pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    return pthread_rwlock_unlock(lock);
}

int bf_openssl_stat(const char *path, struct stat *out)
{
    return bf_stat(path, out);
}

int bf_openssl_fstat(int descriptor, struct stat *out)
{
    return fstat(descriptor, out);
}

void *bf_openssl_dlopen(const char *name, int flags)
{
    (void)name;
    (void)flags;
    return NULL;
}

void *bf_openssl_dlsym(void *library, const char *name)
{
    (void)library;
    (void)name;
    return NULL;
}

int bf_openssl_dlclose(void *library)
{
    (void)library;
    return 0;
}

char *bf_openssl_dlerror(void)
{
    static char text[] = "nothing is loaded here";
    return text;
}

int bf_openssl_dladdr(const void *address, void *information)
{
    (void)address;
    (void)information;
    return 0;
}
