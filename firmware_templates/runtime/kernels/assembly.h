/* What begins and ends a function in assembly at the top of a file; `name` is a string. */
#ifndef EMG_KERNELS_ASSEMBLY_H
#define EMG_KERNELS_ASSEMBLY_H

#define EMG_ASM_SYNTAX ".syntax unified\n.thumb\n"

#define EMG_ASM_FUNCTION(name)                                                                               \
    ".section .text." name ", \"ax\", %progbits\n"                                                           \
    ".align 2\n"                                                                                             \
    ".global " name "\n"                                                                                     \
    ".type " name ", %function\n"                                                                            \
    ".thumb_func\n" name ":\n"

#define EMG_ASM_END(name) ".size " name ", . - " name "\n"

#endif
