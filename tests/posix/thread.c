/* Threads: creation, ends of all kinds, mutexes, conditions with time-outs, semaphores, thread-local storage. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/posix/check.h"

#define THREADS 16
#define ROUNDS  2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;
static __thread long own = 7;

static void *count(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        long before = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = before + 1;
        pthread_mutex_unlock(&mutex);
        own++;
    }
    return (void *)(own + (intptr_t)argument);
}

static void test_mutex(void)
{
    pthread_t thread[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, count, (void *)i) == 0);
    for (intptr_t i = 0; i < THREADS; i++) {
        void *result;
        CHECK(pthread_join(thread[i], &result) == 0);
        CHECK((intptr_t)result == 7 + ROUNDS + i);
    }
    CHECK(counter == THREADS * ROUNDS);
    CHECK(own == 7);
}

/* ---- a queue of one place between two threads ---- */

static long place;
static int place_full;

static void *produce(void *argument)
{
    for (long i = 1; i <= ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        while (place_full)
            pthread_cond_wait(&changed, &mutex);
        place = i;
        place_full = 1;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void test_condition(void)
{
    pthread_t thread;
    long sum = 0;
    CHECK(pthread_create(&thread, NULL, produce, NULL) == 0);
    for (long i = 1; i <= ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        while (!place_full)
            pthread_cond_wait(&changed, &mutex);
        sum += place;
        place_full = 0;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(sum == (long)ROUNDS * (ROUNDS + 1) / 2);
}

static struct timespec soon(clockid_t clock, long milliseconds)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += milliseconds * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void test_timeouts(void)
{
    sem_t semaphore;
    struct timespec before, after, deadline = soon(CLOCK_REALTIME, 50);
    clock_gettime(CLOCK_MONOTONIC, &before);
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&changed, &mutex, &deadline) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long elapsed = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    CHECK(elapsed >= 49 && elapsed < 30000); /* the machine below may be busy */
    CHECK(sem_init(&semaphore, 0, 1) == 0);
    CHECK(sem_wait(&semaphore) == 0);
    CHECK_ERROR(sem_trywait(&semaphore), EAGAIN);
    deadline = soon(CLOCK_REALTIME, 10);
    CHECK_ERROR(sem_timedwait(&semaphore, &deadline), ETIMEDOUT);
    CHECK(sem_post(&semaphore) == 0);
    CHECK(sem_wait(&semaphore) == 0);
}

/* ---- many threads one after the other: what an ended one held comes back ---- */

static sem_t done;

static void *post(void *argument)
{
    sem_post(&done);
    return argument;
}

static void test_many(void)
{
    pthread_attr_t detached;
    CHECK(sem_init(&done, 0, 0) == 0);
    CHECK(pthread_attr_init(&detached) == 0);
    CHECK(pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0);
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        int error;
        while ((error = pthread_create(&thread, i % 2 ? &detached : NULL, post, NULL)) == EAGAIN)
            usleep(1000); /* detached ones are still on their way out */
        CHECK(error == 0);
        if (error)
            return;
        CHECK(sem_wait(&done) == 0);
        if (i % 2 == 0)
            CHECK(pthread_join(thread, NULL) == 0);
    }
}

static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
    destroyed += value == &destroyed;
}

static void *leave_by_exit(void *argument)
{
    pthread_setspecific(key, &destroyed);
    pthread_exit(argument);
}

static void test_exit(void)
{
    pthread_t thread;
    void *result;
    CHECK(pthread_key_create(&key, destroy) == 0);
    CHECK(pthread_create(&thread, NULL, leave_by_exit, &key) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == &key && destroyed == 1);
}

static void *lock_barrier(void *barrier)
{
    for (int i = 0; i < 50; i++)
        pthread_barrier_wait(barrier);
    return NULL;
}

static void test_barrier(void)
{
    pthread_barrier_t barrier;
    pthread_t thread[3];
    CHECK(pthread_barrier_init(&barrier, NULL, 4) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&thread[i], NULL, lock_barrier, &barrier) == 0);
    lock_barrier(&barrier);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
}

int main(void)
{
    test_mutex();
    test_condition();
    test_timeouts();
    test_many();
    test_exit();
    test_barrier();
    return check_finish();
}
