/* SPDX-License-Identifier: MIT */
/* Answers `emgdeploy bench` and `emgdeploy run`. */
#include <emg/zephyr/emg_zephyr.h>

int main(void) {
    return emg_zephyr_run();
}
