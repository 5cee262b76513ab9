/* Devices as a service: see hw.h. */
#include "servers/root/hw.h"

#include "abi/boot_info.h"
#include "hw/goldfish_rtc.h"
#include "hw/sifive_test.h"
#include "hw/virtio_mmio.h"
#include "lib/base/bitmap.h"
#include "lib/base/string.h"
#include "lib/drv/mmio.h"
#include "lib/tess/log.h"
#include "proto/hw.h"
#include "servers/root/area.h"
#include "servers/root/devicetree.h"
#include "servers/root/ram.h"

#define DEVICES_MAX   64
#define TEST_FINISHER "sifive,test0"
#define CLOCK         "google,goldfish-rtc"
#define VIRTIO        "virtio,mmio"

static struct {
    struct device list[DEVICES_MAX];
    cap_t irq[DEVICES_MAX]; /* 0 = not given out yet */
    u32 count;
} devices;

struct hw_session {
    struct session session;
    u64 seen[BITMAP_WORDS(DEVICES_MAX)]; /* devices that the session may have */
    bool all;                            /* sees everything, may derive sessions */
    bool may_power_off;
};

void hw_init(const void *blob)
{
    devices.count = devicetree_read(blob, devices.list, DEVICES_MAX);
}

u64 hw_read_clock(void)
{
    for (u32 i = 0; i < devices.count; i++)
        if (device_matches(&devices.list[i], CLOCK)) {
            u64 low = mmio_read32(devices.list[i].address, GOLDFISH_RTC_TIME_LOW); /* first: it latches the other */
            u64 high = mmio_read32(devices.list[i].address, GOLDFISH_RTC_TIME_HIGH);
            return (high << 32 | low) / 1000;
        }
    return 0;
}

void hw_end_machine(u32 status)
{
    u32 command = status ? SIFIVE_TEST_FAIL | status << 16 : SIFIVE_TEST_PASS;
    for (u32 i = 0; i < devices.count; i++)
        if (device_matches(&devices.list[i], TEST_FINISHER))
            mmio_write32(devices.list[i].address, SIFIVE_TEST_FINISH, command);
    log_printf("this machine cannot be powered off");
}

/* The index-th device that the session sees; DEVICES_MAX behind the last. */
static u32 find_device(const struct hw_session *s, u32 index)
{
    for (u32 i = 0; i < devices.count; i++)
        if (bitmap_get(s->seen, i) && index-- == 0)
            return i;
    return DEVICES_MAX;
}

static err_t describe(void *self, u32 index, char *compatible, size_t *compatible_length, u64 *address, u64 *size,
                      u32 *irq_line)
{
    u32 i = find_device(self, index);
    if (i == DEVICES_MAX)
        return E_NOENT;
    const struct device *d = &devices.list[i];
    *compatible_length = strnlen(d->compatible, HW_DEVICE_COMPATIBLE_MAX);
    memcpy(compatible, d->compatible, *compatible_length);
    *address = d->address;
    *size = d->size;
    *irq_line = d->irq_line;
    return E_OK;
}

static err_t give_memory(void *self, u32 index, struct map_item *dataspace)
{
    u32 i = find_device(self, index);
    if (i == DEVICES_MAX)
        return E_NOENT;
    return area_open(devices.list[i].address, devices.list[i].size, RIGHT_R | RIGHT_W, dataspace);
}

static err_t bind_irq(cap_t irq, u32 line)
{
    err_t error = factory_create_irq(BOOT_SLOT_FACTORY, irq);
    if (!error)
        error = icu_bind(BOOT_SLOT_ICU, line, irq);
    return error ? error : icu_set_mode(BOOT_SLOT_ICU, line, ICU_LEVEL);
}

/* Each time anew: whoever had the Irq before (a driver that was restarted) has it no longer. */
static err_t give_irq(void *self, u32 index, struct map_item *irq)
{
    u32 i = find_device(self, index);
    if (i == DEVICES_MAX || !devices.list[i].irq_line)
        return E_NOENT;
    if (devices.irq[i])
        slot_drop(devices.irq[i]);
    devices.irq[i] = slot_alloc();
    if (!devices.irq[i])
        return E_NOMEM;
    err_t error = bind_irq(devices.irq[i], devices.list[i].irq_line);
    if (error) {
        slot_drop(devices.irq[i]);
        devices.irq[i] = 0;
        return error;
    }
    *irq = wire_cap_rights(devices.irq[i], RIGHT_USE | RIGHT_CONTROL);
    return E_OK;
}

static err_t power_off(void *self, u32 status)
{
    struct hw_session *s = self;
    if (!s->may_power_off)
        return E_PERM;
    hw_end_machine(status);
    return E_NODEV;
}

static err_t pin(void *self, cap_t dataspace, struct map_item *pinned)
{
    return ram_pin(dataspace, pinned);
}

static struct hw_session *open_session(void);

/* Marks the devices that `what` names. False: none. */
static bool see_devices(struct hw_session *s, const char *what)
{
    bool found = false;
    for (u32 i = 0; i < devices.count; i++)
        if (device_matches(&devices.list[i], what)) {
            bitmap_set(s->seen, i);
            found = true;
        }
    return found;
}

static err_t derive(void *self, u32 may_power_off, const char *nodes, size_t nodes_length, struct map_item *hw)
{
    if (!((struct hw_session *)self)->all)
        return E_PERM;
    struct hw_session *s = open_session();
    if (!s)
        return E_NOMEM;
    s->may_power_off = may_power_off;
    for (size_t at = 0; at < nodes_length; at += strlen(nodes + at) + 1)
        if (!see_devices(s, nodes + at))
            log_printf("there is no device %s", nodes + at);
    *hw = session_item(&s->session);
    return E_OK;
}

/* Of the devices on these machines only virtio's access memory; a reset makes them forget where. */
static void quiet_devices(const char *what)
{
    for (u32 i = 0; i < devices.count; i++)
        if (device_matches(&devices.list[i], what) && device_matches(&devices.list[i], VIRTIO))
            mmio_write32(devices.list[i].address, VIRTIO_MMIO_STATUS, 0);
}

static err_t quiet(void *self, const char *nodes, size_t nodes_length)
{
    if (!((struct hw_session *)self)->all)
        return E_PERM;
    for (size_t at = 0; at < nodes_length; at += strlen(nodes + at) + 1)
        quiet_devices(nodes + at);
    return E_OK;
}

static const struct hw_handlers handlers = {.device = describe,
                                            .memory = give_memory,
                                            .irq = give_irq,
                                            .power_off = power_off,
                                            .pin = pin,
                                            .derive = derive,
                                            .quiet = quiet};

static bool dispatch(struct session *session, struct msg *m)
{
    return hw_dispatch(&handlers, session, m);
}

static const struct session_type hw_type = {.name = "hw", .size = sizeof(struct hw_session), .dispatch = dispatch};

static struct hw_session *open_session(void)
{
    return (struct hw_session *)session_create(&hw_type);
}

struct session *hw_open_all(void)
{
    struct hw_session *s = open_session();
    if (!s)
        return NULL;
    bitmap_fill(s->seen, 0, devices.count, true);
    s->all = s->may_power_off = true;
    return &s->session;
}
