/* The Goldfish real-time clock (hw/goldfish_rtc.h), on simulated time: it starts at a given date on every run. */
#ifndef MACHINE_DEV_RTC_H
#define MACHINE_DEV_RTC_H

#include "machine/dev/device.h"

struct rtc {
    struct {
        uint64_t offset; /* nanoseconds: date - time since reset */
        uint64_t alarm;  /* date */
        uint32_t latched_high;
        uint32_t alarm_high;
        bool armed, irq_enabled, irq_pending;
    } state;
    uint64_t base;
    uint32_t source;
    uint64_t start; /* date at reset, nanoseconds since 1970 */
    struct irq_line irq;
    struct event alarm_event;
    const struct clock *clock;
};

extern const struct device_ops rtc_ops;

void rtc_init(struct rtc *r, uint64_t base, uint32_t source, struct irq_line irq, const struct clock *clock,
              uint64_t start);

struct device rtc_device(struct rtc *r);

#endif
