#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H
#include <stddef.h>
#include <stdint.h>
#define ARG_UNUSED(argument) ((void)(argument))
#define K_MSEC(milliseconds) (milliseconds)
struct k_sem {
    unsigned count;
};
#define K_SEM_DEFINE(name, first, limit) static struct k_sem name = {first}
struct k_thread {
    struct {
        size_t size;
    } stack_info;
};
void k_sem_give(struct k_sem *semaphore);
int k_sem_take(struct k_sem *semaphore, int milliseconds);
void k_busy_wait(uint32_t microseconds);
uint32_t k_cycle_get_32(void);
int sys_clock_hw_cycles_per_sec(void);
struct k_thread *k_current_get(void);
int k_thread_stack_space_get(const struct k_thread *thread, size_t *unused);
#endif
