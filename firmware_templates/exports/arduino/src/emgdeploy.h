/* The model and its wire protocol for sketches. emg_model_*() is plain C (emg/model.h); the functions here
 * connect the protocol to a serial port, so that `emgdeploy bench --port` and live recognition work. */
#ifndef EMGDEPLOY_H
#define EMGDEPLOY_H

#include "emg/build_info.h"
#include "emg/model.h"

#ifdef __cplusplus
#include <Arduino.h>

extern "C" {

/* Opens `port` at another rate; what was written before has left by then. */
typedef void (*emg_arduino_open_t)(Stream *port, uint32_t baud);

/* Speaks on `port`, which is open at EMG_UART_BAUD; `reopen` may be null where no other rate is wanted.
 * Runs the model once, as its self-test. */
void emg_arduino_attach(Stream *port, emg_arduino_open_t reopen);

/* Takes what has arrived and answers it; call it from loop(). */
void emg_arduino_poll(void);
}

template <class Port> void emg_arduino_reopen(Stream *port, uint32_t baud) {
    Port *const serial = static_cast<Port *>(port);
    serial->flush();
    serial->end();
    serial->begin(baud);
}

/* Opens a serial port (Serial, Serial1, ...) and speaks on it. */
template <class Port> void emg_arduino_begin(Port &port) {
    port.begin(EMG_UART_BAUD);
    emg_arduino_attach(&port, emg_arduino_reopen<Port>);
}
#endif

#endif
