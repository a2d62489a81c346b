#ifndef COMMON_THREAD_H
#define COMMON_THREAD_H

#include <pthread.h>

/*
 * Starts a thread with all signals blocked: signals are the main thread's. The name is at most 15
 * characters long. Ends the process when the system refuses.
 */
void thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg);

/*
 * The calling thread does work that can wait: where processors are short, other threads get about
 * ten times as much of them (nice 10).
 */
void thread_yield_to_others(void);

#endif
