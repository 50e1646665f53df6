/*
 * Put before every file of the library: binds the functions that glibc 2.29 and later gave a newer
 * version to the version of GLIBC_2.28 or older, so that the library loads on older distributions.
 * The tests hold the library to it (objdump).
 */
#ifndef BF_GLIBC_COMPAT_H
#define BF_GLIBC_COMPAT_H

#define BF_OLD(symbol) __asm__(".symver " #symbol "," #symbol "@GLIBC_2.2.5")
BF_OLD(pthread_create);
BF_OLD(pthread_detach);
BF_OLD(pthread_join);
BF_OLD(pthread_once);
BF_OLD(pthread_sigmask);
BF_OLD(pthread_key_create);
BF_OLD(pthread_setspecific);
BF_OLD(pthread_getspecific);
BF_OLD(pthread_mutex_trylock);
BF_OLD(pthread_rwlock_rdlock);
BF_OLD(pthread_rwlock_wrlock);
BF_OLD(pthread_rwlock_unlock);
BF_OLD(sem_init);
BF_OLD(sem_wait);
BF_OLD(sem_post);
BF_OLD(dlsym);

#endif
