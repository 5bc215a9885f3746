#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H
#include <stdbool.h>
struct device {
    int fd;
};
extern struct device fake_uart;
#define DEVICE_DT_GET(node) (&fake_uart)
static inline bool device_is_ready(const struct device *device) {
    return device->fd >= 0;
}
#endif
