/* SPDX-License-Identifier: MIT */
/* Included first by every file here: products and sums are rounded one by one, also where the processor has a
 * fused multiply-add and the compiler would like to use it. */
#ifndef EMG_LIVE_EXACT_H
#define EMG_LIVE_EXACT_H

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#endif
