/* SPDX-License-Identifier: MIT */
#include "receiver.h"

void emg_receiver_reset(emg_receiver_t *receiver) {
    emg_binary_reset(&receiver->binary);
    emg_text_reset(&receiver->text);
    receiver->text_frame = 0;
}

/* At most one decoder completes on a byte: one does so on zero, the other on '}'. */
uint32_t emg_receiver_feed(emg_receiver_t *receiver, uint8_t byte, emg_frame_t *frame) {
    const emg_decode_t binary = emg_binary_feed(&receiver->binary, byte);
    const emg_decode_t text = emg_text_feed(&receiver->text, byte);
    uint32_t events = 0;
    if (binary == EMG_DECODE_REJECTED) {
        events |= EMG_REJECTED_BINARY;
    }
    if (text == EMG_DECODE_REJECTED) {
        events |= EMG_REJECTED_TEXT;
    }
    if (binary == EMG_DECODE_COMPLETE) {
        receiver->text_frame = 0;
        events |= emg_frame_parse(receiver->binary.bytes, receiver->binary.length, frame)
                      ? EMG_RECEIVED_FRAME
                      : EMG_REJECTED_BINARY;
    }
    if (text == EMG_DECODE_COMPLETE) {
        receiver->text_frame = 1;
        events |= emg_frame_parse(receiver->text.bytes, receiver->text.length, frame) ? EMG_RECEIVED_FRAME
                                                                                      : EMG_REJECTED_TEXT;
    }
    return events;
}
