/* SPDX-License-Identifier: MIT */
/* How the kernels' assembly at the top of a file begins and ends. Its macros are forgotten at the end, so
 * that a compiler may put several files together. */
#ifndef EMG_KERNELS_ASSEMBLY_H
#define EMG_KERNELS_ASSEMBLY_H

#define EMG_ASM_BEGIN                                                                                        \
    ".syntax unified\n"                                                                                      \
    ".thumb\n"                                                                                               \
    ".macro emg_function name\n"                                                                             \
    ".section .text.\\name, \"ax\", %progbits\n"                                                             \
    ".align 2\n"                                                                                             \
    ".global \\name\n"                                                                                       \
    ".type \\name, %function\n"                                                                              \
    ".thumb_func\n"                                                                                          \
    "\\name:\n"                                                                                              \
    ".endm\n"                                                                                                \
    ".macro emg_function_end name\n"                                                                         \
    ".size \\name, . - \\name\n"                                                                             \
    ".endm\n"

#define EMG_ASM_END                                                                                          \
    ".purgem emg_function\n"                                                                                 \
    ".purgem emg_function_end\n"                                                                             \
    ".text\n"

#endif
