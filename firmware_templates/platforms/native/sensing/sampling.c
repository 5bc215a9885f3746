/* SPDX-License-Identifier: MIT */
/* A thread that samples. */
#define _POSIX_C_SOURCE 200809L

#include "../runtime/sensing/sampling.h"

#include <pthread.h>
#include <time.h>

#include "../runtime/sensing/sensing.h"

#define SECOND 1000000000L
#define LOOK_NANOSECONDS 100000L

static pthread_t g_thread;
static uint32_t g_period;
static volatile int g_runs;

static void *sample(void *unused) {
    struct timespec due;
    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &due);
    while (g_runs) {
        due.tv_nsec += (long)g_period;
        while (due.tv_nsec >= SECOND) {
            due.tv_nsec -= SECOND;
            due.tv_sec++;
        }
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, 0);
        emg_sampling_tick();
    }
    return 0;
}

uint32_t emg_sampling_start(uint32_t period) {
    emg_sampling_stop();
    g_period = period;
    g_runs = 1;
    if (pthread_create(&g_thread, 0, sample, 0) != 0) {
        g_runs = 0;
        return 0;
    }
    return period;
}

void emg_sampling_stop(void) {
    if (g_runs) {
        g_runs = 0;
        (void)pthread_join(g_thread, 0);
    }
}

void emg_sampling_idle(void) {
    const struct timespec look = {0, LOOK_NANOSECONDS};
    (void)nanosleep(&look, 0);
}
