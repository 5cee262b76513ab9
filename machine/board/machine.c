/* Making and running a machine; see machine.h. */
#include "machine/board/machine.h"

#include <stdlib.h>
#include <string.h>

#include "machine/core/isa.h"
#include "machine/core/mmu.h"
#include "machine/core/timing.h"
#include "machine/dev/fdt.h"

#define POLL_CYCLES    1000000  /* how often a user is polled, at most */
#define SLICE_MAX      10000000 /* cycles; so that signals are noticed */
#define CODE_PAGES_MAX 16384    /* decoded pages kept at a time: 0.7 GiB of host memory */

struct machine_config machine_default_config(void)
{
    return (struct machine_config){
        .harts = 1,
        .ram_size = UINT64_C(128) << 20,
        .clock_hz = UINT64_C(1000000000), /* U54 in the FU540: 1 GHz */
        .timebase_hz = UINT64_C(10000000),
        .quantum = 1000,
        .quantum_shared = 20,    /* less than it takes to get a line from another core: each access then pays for it */
        .virtio_latency = 10000, /* 10 us */
        .disk_rate = 500000000,  /* a SATA disk of flash memory */
        .rtc_start = UINT64_C(1700000000) * 1000000000,
        .seed = 1,
        .timing = timing_default_params,
    };
}

/* ---- Time ---- */

uint64_t machine_now(const struct machine *m)
{
    return m->running ? m->running->cycle : m->now;
}

static uint64_t now(void *machine)
{
    return machine_now(machine);
}

/* An event before the end of the present slice ends it. */
static void schedule(void *machine, struct event *e, uint64_t at)
{
    struct machine *m = machine;

    event_schedule(&m->events, e, at);
    if (m->running && at < m->running->until)
        m->running->until = at;
}

static uint64_t read_time(void *machine, const struct hart *h)
{
    struct machine *m = machine;
    return clint_time(&m->clint, h->cycle);
}

static void timer_changed(void *machine, struct hart *h)
{
    struct machine *m = machine;
    clint_update(&m->clint, h->id);
}

static void mark(void *machine, struct hart *h, unsigned number)
{
    struct machine *m = machine;

    if (m->mark)
        m->mark(m->mark_ctx, h, number);
}

/* ---- Stopping ---- */

static void power_off(void *machine, unsigned exit_code)
{
    struct machine *m = machine;

    m->stop = MACHINE_POWERED_OFF;
    m->exit_code = exit_code;
}

static void ask_reset(void *machine)
{
    struct machine *m = machine;
    m->stop = MACHINE_RESET;
}

void machine_interrupt(struct machine *m)
{
    m->stop = MACHINE_INTERRUPTED;
}

/* ---- Making ---- */

static const char *check(const struct machine_config *c)
{
    if (c->harts < 1 || c->harts > MACHINE_MAX_HARTS)
        return "the number of harts must be 1 to 64";
    if (c->ram_size < (1 << 20) || c->ram_size % RV_PAGE_SIZE || c->ram_size > UINT64_C(1) << 38)
        return "memory must be 1 MiB to 256 GiB, in whole pages";
    if (!c->timebase_hz || c->clock_hz % c->timebase_hz || c->clock_hz < c->timebase_hz)
        return "the clock must be a multiple of the timebase";
    if (c->quantum < 100 || c->quantum_shared < 1 || c->quantum_shared > c->quantum)
        return "a quantum must have at least 100 cycles, and a shared one 1 to as many";
    if (c->serial_hz > UINT32_MAX)
        return "the serial port's clock must be below 2^32";
    return c->timed ? timing_params_check(&c->timing) : NULL;
}

static void free_hart(struct hart *h)
{
    if (h->timing)
        timing_free(h->timing);
    isa_detach(h);
    free(h->tlbs);
    free(h);
}

static struct hart *make_hart(struct machine *m, unsigned id)
{
    struct hart *h = aligned_alloc(64, (sizeof *h + 63) / 64 * 64);

    if (!h)
        return NULL;
    memset(h, 0, sizeof *h);
    h->tlbs = calloc(TLB_CONTEXTS, sizeof *h->tlbs);
    if (!isa_attach(h) || !h->tlbs) {
        free_hart(h);
        return NULL;
    }
    h->id = h->number = id;
    h->bus = &m->bus;
    h->isa = isa_get();
    h->code = &m->code;
    h->stop = &m->stop;
    h->machine = m;
    h->read_time = read_time;
    h->timer_changed = timer_changed;
    h->mark = mark;
    return h;
}

bool machine_add_device(struct machine *m, uint64_t base, uint64_t size, const struct device_ops *ops, void *self,
                        struct device d)
{
    if (m->device_count == MACHINE_MAX_DEVICES || !bus_add_device(&m->bus, base, size, ops, self))
        return false;
    m->devices[m->device_count++] = d;
    return true;
}

static void make_devices(struct machine *m, void (*send)(void *ctx, uint8_t byte), void *send_ctx)
{
    const struct machine_config *c = &m->config;

    clint_init(&m->clint, m->harts, c->harts, MACHINE_CLINT_BASE, &m->clock, c->timebase_hz);
    machine_add_device(m, MACHINE_CLINT_BASE, 0x10000, &clint_ops, &m->clint, clint_device(&m->clint));
    plic_init(&m->plic, m->harts, c->harts, MACHINE_PLIC_BASE);
    machine_add_device(m, MACHINE_PLIC_BASE, PLIC_BYTES, &plic_ops, &m->plic, plic_device(&m->plic));
    m->syscon = (struct syscon){MACHINE_SYSCON_BASE, power_off, ask_reset, m};
    machine_add_device(m, MACHINE_SYSCON_BASE, 0x1000, &syscon_ops, &m->syscon, syscon_device(&m->syscon));
    rtc_init(&m->rtc, MACHINE_RTC_BASE, 11, plic_line(&m->plic, 11), &m->clock, c->rtc_start);
    machine_add_device(m, MACHINE_RTC_BASE, 0x1000, &rtc_ops, &m->rtc, rtc_device(&m->rtc));
    ns16550_init(&m->uart, &(struct ns16550_wiring){.base = MACHINE_UART_BASE,
                                                    .source = 10,
                                                    .irq = plic_line(&m->plic, 10),
                                                    .send = send,
                                                    .send_ctx = send_ctx,
                                                    .clock = &m->clock,
                                                    .clock_hz = c->serial_hz});
    machine_add_device(m, MACHINE_UART_BASE, 0x100, &ns16550_ops, &m->uart, ns16550_device(&m->uart));
    for (unsigned i = 0; i < MACHINE_VIRTIO_SLOTS; i++) {
        struct virtio *v = &m->virtio[i];
        uint64_t base = MACHINE_VIRTIO_BASE + 0x1000 * i;
        virtio_init(v, base, 1 + i, &m->bus, plic_line(&m->plic, 1 + i), &m->clock, c->virtio_latency);
        v->bytes_per_second = c->disk_rate;
        machine_add_device(m, base, 0x1000, &virtio_ops, v, virtio_device(v));
    }
}

static bool make_timing(struct machine *m)
{
    m->hierarchy = hierarchy_create(&m->config.timing, m->config.harts);
    for (unsigned i = 0; m->hierarchy && i < m->config.harts; i++) {
        m->harts[i]->timing = timing_create(&m->config.timing, m->hierarchy, i, m->ram);
        if (!m->harts[i]->timing)
            return false;
    }
    return m->hierarchy != NULL;
}

static bool make_parts(struct machine *m)
{
    for (unsigned i = 0; i < m->config.harts; i++)
        if (!(m->harts[i] = make_hart(m, i)))
            return false;
    m->code.harts = m->harts;
    m->code.hart_count = m->config.harts;
    m->ram = bus_add_ram(&m->bus, "ram", MACHINE_RAM_BASE, m->config.ram_size, true);
    return m->ram && bus_add_ram(&m->bus, "rom", MACHINE_ROM_BASE, MACHINE_ROM_SIZE, false) &&
           (!m->config.timed || make_timing(m));
}

struct machine *machine_create(const struct machine_config *config, void (*send)(void *ctx, uint8_t byte),
                               void *send_ctx, const char **error)
{
    *error = check(config);
    if (*error)
        return NULL;
    struct machine *m = calloc(1, sizeof *m);
    *error = "out of memory";
    if (!m)
        return NULL;
    m->config = *config;
    m->clock = (struct clock){now, schedule, m, config->clock_hz};
    if (!make_parts(m)) {
        machine_destroy(m);
        return NULL;
    }
    make_devices(m, send, send_ctx);
    machine_reset(m);
    *error = NULL;
    return m;
}

void machine_destroy(struct machine *m)
{
    for (unsigned i = 0; i < m->config.harts && m->harts[i]; i++)
        m->code.hart_count = i + 1;
    code_cache_clear(&m->code, m->bus.rams, m->bus.ram_count);
    for (unsigned i = 0; i < m->config.harts && m->harts[i]; i++)
        free_hart(m->harts[i]);
    if (m->hierarchy)
        hierarchy_free(m->hierarchy);
    bus_free(&m->bus);
    free(m);
}

struct virtio *machine_attach(struct machine *m, unsigned slot, const struct virtio_class *cls, void *device)
{
    virtio_attach(&m->virtio[slot], cls, device);
    return &m->virtio[slot];
}

void machine_reset(struct machine *m)
{
    for (unsigned i = 0; i < m->config.harts; i++)
        hart_reset(m->harts[i], MACHINE_ROM_BASE);
    for (unsigned i = 0; i < m->device_count; i++)
        if (m->devices[i].reset)
            m->devices[i].reset(m->devices[i].self);
}

/* ---- Running ---- */

/*
 * A hart between load-reserved and store-conditional goes on a little: the reservation ends with the turn, and in turns
 * that are short nobody would ever get to the end of such a loop (16 instructions at most, if it is to make progress).
 */
static void finish_atomic(struct machine *m, struct hart *h)
{
    for (unsigned i = 0; i < 2 * 16 && h->reserved && !h->waiting && !m->stop; i++)
        hart_run(h, h->cycle + 1);
}

static void run_slice(struct machine *m, struct hart *h)
{
    m->running = h;
    hart_run(h, m->until);
    if (m->config.harts > 1) {
        finish_atomic(m, h);
        h->reserved = 0;
    }
    m->running = NULL;
    if (h->cycle < m->until && h->waiting)
        h->cycle = m->until; /* asleep: time passes */
}

static bool all_wait(const struct machine *m)
{
    for (unsigned i = 0; i < m->config.harts; i++)
        if (!m->harts[i]->waiting)
            return false;
    return true;
}

/* Everybody sleeps until the next event. */
static void skip_idle_time(struct machine *m, uint64_t limit)
{
    uint64_t next = event_next(&m->events);

    if (next == EVENT_NEVER) {
        m->stop = MACHINE_STUCK;
        return;
    }
    next = next < limit ? next : limit;
    if (m->idle)
        m->idle(m->idle_ctx, next - m->now);
    m->now = next;
    for (unsigned i = 0; i < m->config.harts; i++)
        m->harts[i]->cycle = next;
}

static uint64_t slice_length(struct machine *m)
{
    uint64_t before = m->contended;

    if (m->config.harts == 1)
        return SLICE_MAX;
    if (m->hierarchy)
        m->contended = m->hierarchy->contended;
    return m->contended == before ? m->config.quantum : m->config.quantum_shared;
}

/* One slice of every hart. Time is that of the hart that is furthest behind. */
static void run_harts(struct machine *m, uint64_t limit)
{
    uint64_t next = event_next(&m->events);
    uint64_t slowest = UINT64_MAX;

    m->until = m->now + slice_length(m);
    m->until = m->until < next ? m->until : next;
    m->until = m->until < limit ? m->until : limit;
    for (unsigned i = 0; i < m->config.harts; i++) {
        run_slice(m, m->harts[i]);
        if (m->harts[i]->cycle < slowest)
            slowest = m->harts[i]->cycle;
    }
    m->now = slowest > m->now ? slowest : m->now;
}

enum machine_stop machine_run(struct machine *m, uint64_t limit)
{
    m->stop = MACHINE_RUNS;
    while (m->stop == MACHINE_RUNS) {
        event_run(&m->events, m->now);
        if (m->now >= limit) {
            m->stop = MACHINE_LIMIT;
            break;
        }
        if (m->poll && m->now >= m->polled) {
            m->polled = m->now + POLL_CYCLES;
            m->poll(m->poll_ctx);
        }
        if (m->code.page_count > CODE_PAGES_MAX)
            code_cache_clear(&m->code, m->bus.rams, m->bus.ram_count);
        if (all_wait(m))
            skip_idle_time(m, limit);
        else
            run_harts(m, limit);
    }
    return (enum machine_stop)m->stop;
}

uint64_t machine_instructions(const struct machine *m)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < m->config.harts; i++)
        sum += m->harts[i]->instret;
    return sum;
}
