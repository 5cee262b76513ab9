/* Joins a board and a TCU; see core.h. */
#include "machine/tile/core.h"

#include <stdlib.h>
#include <string.h>

#include "machine/dev/fdt.h"
#include "machine/mem/hierarchy.h"

/* --- the TCU as a device of the core -------------------------------------------------------------------------------
 */

/* Accesses that are not aligned doublewords are ignored: cores may speculate. */
static bool tcu_device_read(void *device, uint64_t offset, unsigned size, uint64_t *value)
{
    struct core *core = device;
    *value = size == 8 ? tile_read(core->tile, offset, machine_now(core->machine)) : 0;
    return true;
}

static bool tcu_device_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct core *core = device;
    if (size != 8)
        return true;
    tile_write(core->tile, offset, value, machine_now(core->machine));
    bool moves_window = offset >= TCU_REG_EPS && offset < TCU_REG_EP(TCU_PMP_EPS);
    if (moves_window || tile_deadline(core->tile) < core->until)
        machine_interrupt(core->machine); /* ends the slice */
    return true;
}

static const struct device_ops tcu_ops = {"tcu", tcu_device_read, tcu_device_write};

static void describe(void *self, struct fdt *tree)
{
    const struct core *core = self;
    const uint32_t irqs[] = {TCU_IRQ_SOURCE + TCU_IRQ_CU, TCU_IRQ_SOURCE + TCU_IRQ_TIMER};
    dt_begin_at(tree, "tcu", TCU_CORE_MMIO);
    dt_string(tree, "compatible", "tessera,tcu-2");
    dt_reg(tree, TCU_CORE_MMIO, TCU_MMIO_SIZE);
    dt_u32(tree, "interrupt-parent", FDT_PHANDLE_PLIC);
    dt_cells(tree, "interrupts", irqs, 2);
    dt_u32(tree, "tessera,tile", core->tile->id);
    dt_u32(tree, "tessera,endpoints", core->tile->tcu.config.endpoints);
    dt_u64(tree, "tessera,windows", core->tile->tcu.config.memory_base);
    dt_u32(tree, "tessera,window-log2", core->tile->tcu.config.region_log2);
    dt_end(tree);
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

static uint32_t far_line(void *context, uint64_t pa, bool write, uint64_t now)
{
    struct core *core = context;
    return tile_cache_line(core->tile, pa, write, now);
}

static void set_window(struct core *core, uint32_t index)
{
    const struct tcu_config *config = &core->tile->tcu.config;
    uint64_t base = config->memory_base + ((uint64_t)index << config->region_log2), size;
    bool writable;
    bus_return_ram(&core->machine->bus, base);
    uint8_t *host = tile_window(core->tile, index, &size, &writable);
    if (host && bus_borrow_ram(&core->machine->bus, "window", base, size, writable, host))
        core->windows++;
}

static void forget_translations(struct core *core)
{
    struct machine *m = core->machine;
    code_cache_clear(&m->code, m->bus.rams, m->bus.ram_count);
}

static bool windows_changed(const struct core *core)
{
    return memcmp(core->window_epoch, core->tile->tcu.epoch, sizeof core->window_epoch) != 0;
}

bool core_reaches_out(const struct core *core)
{
    return core->windows > 0 || windows_changed(core);
}

/* Endpoints 0 to 3 may have been written since: what they no longer permit is gone at once. */
static void update_windows(struct core *core)
{
    const uint32_t *epoch = core->tile->tcu.epoch;
    if (!windows_changed(core))
        return;
    forget_translations(core);
    core->windows = 0;
    for (uint32_t i = 0; i < TCU_PMP_EPS; i++)
        set_window(core, i);
    memcpy(core->window_epoch, epoch, sizeof core->window_epoch);
}

/* The TCU is asked why; what its endpoints do permit was refused for another reason (it is not a whole page). */
static void refused(void *context, uint64_t pa, bool write)
{
    struct core *core = context;
    tile_refuse_line(core->tile, pa & ~UINT64_C(63), write, machine_now(core->machine));
}

/* --- what the TCU tells the core -----------------------------------------------------------------------------------
 */

static void set_time(struct core *core, uint64_t when)
{
    struct machine *m = core->machine;
    if (m->now < when)
        m->now = when;
    if (m->harts[0]->cycle < when)
        m->harts[0]->cycle = when;
}

/* A core that waits for interrupts did nothing until now. */
static void signal_irq(void *context, enum tcu_irq irq, bool level, uint64_t when)
{
    struct core *core = context;
    struct irq_line line = plic_line(&core->machine->plic, TCU_IRQ_SOURCE + irq);
    if (level && core->machine->harts[0]->waiting && when > core_now(core)) {
        core->slept += when - core_now(core);
        set_time(core, when);
    }
    irq_set(&line, level);
}

static void suspend(void *context)
{
    struct core *core = context;
    core->suspended = true;
    core->suspended_at = core_now(core);
}

static void wake(void *context, uint64_t when)
{
    struct core *core = context;
    if (!core->suspended)
        return;
    core->suspended = false;
    set_time(core, when);
    core->slept += core_now(core) - core->suspended_at;
}

static void start(void *context, uint64_t when)
{
    core_start(context, when);
}

static void stop(void *context)
{
    struct core *core = context;
    core->started = core->suspended = false;
}

/* Kept until the system takes it: threads that run other tiles print, too. */
static void put_byte(void *context, uint8_t byte)
{
    struct core_output *output = &((struct core *)context)->output;
    if (output->count == output->room) {
        output->room = output->room ? 2 * output->room : 256;
        output->bytes = realloc(output->bytes, output->room);
    }
    output->bytes[output->count++] = byte;
}

static void print(void *context, const char *text, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        put_byte(context, text[i]);
}

static bool access_memory(void *context, bool write, uint64_t address, uint32_t length, uint8_t *data)
{
    struct core *core = context;
    struct bus *bus = &core->machine->bus;
    return write ? bus_dma_write(bus, address, data, length) : bus_dma_read(bus, address, data, length);
}

static const struct core_ops core_ops = {signal_irq, suspend, wake, start, stop, print, access_memory};

/* --- the core ------------------------------------------------------------------------------------------------------
 */

struct core *core_create(struct tile *tile, const struct machine_config *config, const char **error)
{
    struct core *core = aligned_alloc(64, sizeof *core);
    *core = (struct core){.tile = tile};
    core->machine = machine_create(config, put_byte, core, error);
    if (!core->machine) {
        free(core);
        return NULL;
    }
    struct device device = {.self = core, .describe = describe};
    machine_add_device(core->machine, TCU_CORE_MMIO, TCU_MMIO_SIZE, &tcu_ops, core, device);
    if (core->machine->hierarchy)
        core->machine->hierarchy->far = (struct hierarchy_far){tile->tcu.config.memory_base, far_line, core};
    core->machine->bus.refused = refused;
    core->machine->bus.refused_context = core;
    tile->core = core;
    tile->core_ops = &core_ops;
    return core;
}

void core_destroy(struct core *core)
{
    core->tile->core = NULL;
    machine_destroy(core->machine);
    free(core->output.bytes);
    free(core);
}

void core_start(struct core *core, uint64_t when)
{
    machine_reset(core->machine);
    forget_translations(core);
    core->started = true;
    core->suspended = false;
    set_time(core, when);
}

bool core_has_ended(const struct core *core)
{
    return core->stopped == MACHINE_POWERED_OFF || core->stopped == MACHINE_RESET;
}

uint64_t core_now(const struct core *core)
{
    return machine_now(core->machine);
}

uint64_t core_due(const struct core *core)
{
    const struct machine *m = core->machine;
    bool sleeps = core->suspended || m->harts[0]->waiting;
    if (!core->started)
        return TCU_NEVER;
    return sleeps && !hart_wakes(m->harts[0]) ? event_next(&m->events) : core_now(core);
}

/* Suspended by SLEEP: the board's devices go on, and their interrupts end it. */
static void doze(struct core *core)
{
    struct machine *m = core->machine;
    uint64_t due = core_due(core);
    if (m->now < due)
        m->now = due;
    event_run(&m->events, m->now);
    if (hart_wakes(m->harts[0]))
        tile_interrupt(core->tile, m->now);
}

void core_run(struct core *core, uint64_t until)
{
    uint64_t begin = core_now(core);
    if (core->suspended) {
        doze(core);
        return;
    }
    bool waited = core->machine->harts[0]->waiting;
    update_windows(core);
    core->until = until;
    core->stopped = machine_run(core->machine, until);
    if (waited)
        core->slept += core_now(core) - begin;
}
