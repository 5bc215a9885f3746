#include "shadow.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STALE = 9, FOREIGN = 10, UNFINISHED = 11 };

typedef struct {
    uint32_t owner, element;
} tag_t;

static const uint32_t nobody = UINT32_MAX;

static struct {
    int8_t *arena;
    uint32_t bytes;
    tag_t *tags;
    const shadow_step_t *steps;
    int count, now;
} shadow;

static int within(const shadow_place_t *place, uint32_t at) {
    return at >= place->at && at - place->at < place->bytes;
}

static int holds(const shadow_place_t *place, uint32_t at) {
    const tag_t tag = shadow.tags[at];
    return within(place, at) && tag.owner == place->owner && tag.element == at - place->at;
}

static void put(const shadow_place_t *place, uint32_t at) {
    shadow.tags[at].owner = place->owner;
    shadow.tags[at].element = at - place->at;
}

static void trap(int status, const char *what, uint32_t at) {
    const tag_t tag = shadow.tags[at];
    fprintf(stderr, "step %d (%s) %s at byte %u of the arena, which holds byte %u of %d\n", shadow.now,
            shadow.steps[shadow.now].name, what, (unsigned)at, (unsigned)tag.element, (int)tag.owner);
    fflush(NULL);
    _Exit(status);
}

static void check_read(uint32_t at) {
    const shadow_step_t *step = &shadow.steps[shadow.now];
    int input = 0;
    for (int i = 0; i < step->reads_count; ++i) {
        if (holds(&step->reads[i], at)) {
            return;
        }
        input |= within(&step->reads[i], at);
    }
    if (holds(&step->scratch, at) || (step->unfilled_lanes && within(&step->scratch, at))) {
        return;
    }
    if (input && !step->works_in_output) {
        trap(STALE, "reads a stale input", at);
    }
    if (!holds(&step->writes, at)) {
        trap(FOREIGN, "reads what is not its own", at);
    }
}

static void note_write(uint32_t at) {
    const shadow_step_t *step = &shadow.steps[shadow.now];
    if (within(&step->writes, at)) {
        put(&step->writes, at);
    } else if (within(&step->scratch, at)) {
        put(&step->scratch, at);
    } else {
        trap(FOREIGN, "writes beyond its output", at);
    }
}

/* The part of [p, p + size) that lies in the arena, as offsets from its start. */
static void each_byte(const void *p, size_t size, void (*visit)(uint32_t)) {
    const uintptr_t from = (uintptr_t)p - (uintptr_t)shadow.arena;
    if (shadow.arena == NULL || (from >= shadow.bytes && from + size - 1 >= shadow.bytes)) {
        return;
    }
    for (size_t i = 0; i < size; ++i) {
        if (from + i < shadow.bytes) {
            visit((uint32_t)(from + i));
        }
    }
}

static void on_read(const void *p, size_t size) {
    each_byte(p, size, check_read);
}

static void on_write(const void *p, size_t size) {
    each_byte(p, size, note_write);
}

void shadow_begin(int8_t *arena, uint32_t bytes, const shadow_step_t *steps, int count,
                  const shadow_place_t *input) {
    free(shadow.tags);
    shadow.tags = malloc(bytes * sizeof *shadow.tags);
    if (shadow.tags == NULL) {
        _Exit(3);
    }
    shadow.arena = count > 0 ? arena : NULL;
    shadow.bytes = bytes;
    shadow.steps = steps;
    shadow.count = count;
    shadow.now = 0;
    for (uint32_t i = 0; i < bytes; ++i) {
        shadow.tags[i].owner = nobody;
        shadow.tags[i].element = 0;
    }
    for (uint32_t i = 0; i < input->bytes; ++i) {
        put(input, input->at + i);
    }
}

/* A step has returned: all of its output must be there. Then the next one's turn begins. */
void emg_model_tap(int step, const void *data, uint32_t bytes) {
    const shadow_place_t *writes = &shadow.steps[step].writes;
    if (step != shadow.now || bytes != writes->bytes || (const int8_t *)data != shadow.arena + writes->at) {
        trap(UNFINISHED, "is not the step whose turn it is", writes->at);
    }
    for (uint32_t i = 0; i < bytes; ++i) {
        if (!holds(writes, writes->at + i)) {
            trap(UNFINISHED, "leaves its output unwritten", writes->at + i);
        }
    }
    if (++shadow.now == shadow.count) {
        shadow.arena = NULL;
    }
}

#define ACCESSES(size)                                                                                       \
    void __tsan_read##size(const void *p) {                                                                  \
        on_read(p, size);                                                                                    \
    }                                                                                                        \
    void __tsan_unaligned_read##size(const void *p) {                                                        \
        on_read(p, size);                                                                                    \
    }                                                                                                        \
    void __tsan_write##size(const void *p) {                                                                 \
        on_write(p, size);                                                                                   \
    }                                                                                                        \
    void __tsan_unaligned_write##size(const void *p) {                                                       \
        on_write(p, size);                                                                                   \
    }
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(const void *p, size_t size) {
    on_read(p, size);
}

void __tsan_write_range(const void *p, size_t size) {
    on_write(p, size);
}

void __tsan_init(void) {}

void __tsan_func_entry(void *caller) {
    (void)caller;
}

void __tsan_func_exit(void) {}

/* The kernels' memcpy and its like, which no instrumentation sees. */
void *shadow_memcpy(void *to, const void *from, size_t size) {
    on_read(from, size);
    on_write(to, size);
    return memcpy(to, from, size);
}

void *shadow_memmove(void *to, const void *from, size_t size) {
    on_read(from, size);
    on_write(to, size);
    return memmove(to, from, size);
}

void *shadow_memset(void *to, int value, size_t size) {
    on_write(to, size);
    return memset(to, value, size);
}
