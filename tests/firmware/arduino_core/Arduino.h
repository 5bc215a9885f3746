/* Enough of an Arduino core for a sketch that uses a serial port: as a process on this computer, and to
 * compile against for others. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

class Print {
  public:
    virtual size_t write(uint8_t byte) = 0;
    virtual size_t write(const uint8_t *data, size_t length) = 0;
    virtual void flush() = 0;

  protected:
    ~Print() = default;
};

class Stream : public Print {
  public:
    virtual int available() = 0;
    virtual int read() = 0;

  protected:
    ~Stream() = default;
};

class HardwareSerial : public Stream {
  public:
    void begin(unsigned long baud);
    void end();
    int available() override;
    int read() override;
    size_t write(uint8_t byte) override;
    size_t write(const uint8_t *data, size_t length) override;
    void flush() override;
};

extern HardwareSerial Serial;

unsigned long micros();
unsigned long millis();

void setup();
void loop();

#endif
