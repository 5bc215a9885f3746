/* A second memory beside the arena: for each of its bytes, which byte of which tensor it holds.
 *
 * Kernels and model are compiled with -fsanitize=thread, which calls a function before each load
 * and store; here those functions are this file's own. They check what is read and note what is
 * written, in the order in which the kernels really go. */
#ifndef SHADOW_H
#define SHADOW_H

#include <stddef.h>
#include <stdint.h>

/* `bytes` at `at` in the arena that belong to `owner`: a tensor, or a step's scratch. */
typedef struct {
    uint32_t at, bytes, owner;
} shadow_place_t;

/* What one step may touch. */
typedef struct {
    const char *name;
    const shadow_place_t *reads;
    int reads_count;
    int works_in_output; /* keeps numbers of its own in the output, also where an input was */
    int unfilled_lanes;  /* computes on scratch that it did not fill, and drops the result */
    shadow_place_t writes, scratch;
} shadow_step_t;

/* Forget everything; the model's input is where `input` says, and step 0 is next. */
void shadow_begin(int8_t *arena, uint32_t bytes, const shadow_step_t *steps, int count,
                  const shadow_place_t *input);

#endif
