/* The real-time clock; see rtc.h. */
#include "machine/dev/rtc.h"

#include "hw/goldfish_rtc.h"
#include "machine/dev/fdt.h"
#include "machine/dev/snapshot.h"

#define NS_PER_S UINT64_C(1000000000)

typedef unsigned __int128 u128;

static uint64_t date(const struct rtc *r)
{
    return r->state.offset + (uint64_t)((u128)clock_now(r->clock) * NS_PER_S / r->clock->hz);
}

static void update_irq(struct rtc *r)
{
    irq_set(&r->irq, r->state.irq_enabled && r->state.irq_pending);
}

/* Schedules the alarm, or raises it if its date has come. */
static void update_alarm(struct rtc *r)
{
    uint64_t at = EVENT_NEVER;

    if (r->state.armed && r->state.alarm <= date(r)) {
        r->state.armed = false;
        r->state.irq_pending = true;
    } else if (r->state.armed) {
        u128 cycles = ((u128)(r->state.alarm - date(r)) * r->clock->hz + NS_PER_S - 1) / NS_PER_S + clock_now(r->clock);
        at = cycles < EVENT_NEVER ? (uint64_t)cycles : EVENT_NEVER;
    }
    clock_schedule(r->clock, &r->alarm_event, at);
    update_irq(r);
}

static void alarm_due(void *ctx)
{
    update_alarm(ctx);
}

static uint64_t latch(struct rtc *r)
{
    uint64_t now = date(r);

    r->state.latched_high = (uint32_t)(now >> 32);
    return (uint32_t)now;
}

static bool rtc_read(void *device, uint64_t offset, unsigned size, uint64_t *value)
{
    struct rtc *r = device;

    if (size != 4)
        return false;
    switch (offset) {
    case GOLDFISH_RTC_TIME_LOW:
        *value = latch(r);
        break;
    case GOLDFISH_RTC_TIME_HIGH:
        *value = r->state.latched_high;
        break;
    case GOLDFISH_RTC_ALARM_LOW:
        *value = (uint32_t)r->state.alarm;
        break;
    case GOLDFISH_RTC_ALARM_HIGH:
        *value = r->state.alarm >> 32;
        break;
    case GOLDFISH_RTC_IRQ_ENABLED:
        *value = r->state.irq_enabled;
        break;
    case GOLDFISH_RTC_ALARM_STATUS:
        *value = r->state.armed;
        break;
    default:
        break;
    }
    return true;
}

/* Writing the low half sets the clock to it and the high half written before. */
static void set_low(struct rtc *r, uint32_t low)
{
    uint64_t now = date(r);

    r->state.offset += ((now & ~UINT64_C(0xffffffff)) | low) - now;
}

static void set_high(struct rtc *r, uint32_t high)
{
    uint64_t now = date(r);

    r->state.offset += ((uint64_t)high << 32 | (uint32_t)now) - now;
}

static bool rtc_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct rtc *r = device;

    if (size != 4)
        return false;
    switch (offset) {
    case GOLDFISH_RTC_TIME_LOW:
        set_low(r, (uint32_t)value);
        break;
    case GOLDFISH_RTC_TIME_HIGH:
        set_high(r, (uint32_t)value);
        break;
    case GOLDFISH_RTC_ALARM_LOW:
        r->state.alarm = (uint64_t)r->state.alarm_high << 32 | (uint32_t)value;
        r->state.armed = true;
        break;
    case GOLDFISH_RTC_ALARM_HIGH:
        r->state.alarm_high = (uint32_t)value;
        break;
    case GOLDFISH_RTC_IRQ_ENABLED:
        r->state.irq_enabled = value & 1;
        break;
    case GOLDFISH_RTC_CLEAR_ALARM:
        r->state.armed = false;
        break;
    case GOLDFISH_RTC_CLEAR_INTERRUPT:
        r->state.irq_pending = false;
        break;
    default:
        break;
    }
    update_alarm(r);
    return true;
}

const struct device_ops rtc_ops = {"rtc", rtc_read, rtc_write};

static void reset(void *self)
{
    struct rtc *r = self;

    r->state.armed = r->state.irq_enabled = r->state.irq_pending = false;
    r->state.offset = r->start;
    update_alarm(r);
}

void rtc_init(struct rtc *r, uint64_t base, uint32_t source, struct irq_line irq, const struct clock *clock,
              uint64_t start)
{
    *r = (struct rtc){.base = base, .source = source, .irq = irq, .clock = clock, .start = start};
    r->state.offset = start;
    event_init(&r->alarm_event, alarm_due, r);
}

static void describe(void *self, struct fdt *t)
{
    struct rtc *r = self;

    dt_begin_at(t, "rtc", r->base);
    dt_string(t, "compatible", "google,goldfish-rtc");
    dt_reg(t, r->base, GOLDFISH_RTC_SIZE);
    dt_irq(t, r->source);
    dt_end(t);
}

static void snapshot(void *self, struct snapshot *shot)
{
    struct rtc *r = self;

    snapshot_state(shot, "rtc", &r->state);
    if (!shot->saving)
        update_alarm(r);
}

struct device rtc_device(struct rtc *r)
{
    return (struct device){r, describe, snapshot, reset};
}
