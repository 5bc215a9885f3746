/* SPDX-License-Identifier: MIT */
/* Whether the kernels of this folder are Helium assembly or their portable twins. */
#ifndef EMG_KERNELS_MVE_MVE_H
#define EMG_KERNELS_MVE_MVE_H

#include <stdint.h>

#include "../assembly.h"

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)
#define EMG_MVE_ASM 1
#else
#define EMG_MVE_ASM 0
#endif

/* Bytes of a vector. */
#define EMG_VECTOR 16

#endif
