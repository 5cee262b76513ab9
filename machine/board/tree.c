/* The device tree of a machine: harts, memory, boot arguments, and what every device says about itself. */
#include "machine/board/machine.h"
#include "machine/dev/fdt.h"

static void describe_hart(struct fdt *t, unsigned id)
{
    dt_begin_at(t, "cpu", id);
    dt_string(t, "device_type", "cpu");
    dt_u32(t, "reg", id);
    dt_string(t, "status", "okay");
    dt_string(t, "compatible", "riscv");
    dt_string(t, "riscv,isa", "rv64imafdc_zicsr_zifencei_zicond_sstc");
    dt_string(t, "mmu-type", "riscv,sv48");
    dt_begin(t, "interrupt-controller");
    dt_u32(t, "#interrupt-cells", 1);
    dt_empty(t, "interrupt-controller");
    dt_string(t, "compatible", "riscv,cpu-intc");
    dt_u32(t, "phandle", FDT_PHANDLE_HART(id));
    dt_end(t);
    dt_end(t);
}

static void describe_harts(struct machine *m, struct fdt *t)
{
    dt_begin(t, "cpus");
    dt_u32(t, "#address-cells", 1);
    dt_u32(t, "#size-cells", 0);
    dt_u32(t, "timebase-frequency", (uint32_t)m->config.timebase_hz);
    for (unsigned i = 0; i < m->config.harts; i++)
        describe_hart(t, i);
    dt_end(t);
}

static void describe_chosen(struct machine *m, struct fdt *t)
{
    dt_begin(t, "chosen");
    dt_string(t, "stdout-path", "/soc/serial@10000000");
    if (m->bootargs[0])
        dt_string(t, "bootargs", m->bootargs);
    if (m->initrd_end > m->initrd_start) {
        dt_u64(t, "linux,initrd-start", m->initrd_start);
        dt_u64(t, "linux,initrd-end", m->initrd_end);
    }
    dt_end(t);
}

int machine_device_tree(struct machine *m, struct fdt *t)
{
    dt_start(t, m->config.harts);
    dt_u32(t, "#address-cells", 2);
    dt_u32(t, "#size-cells", 2);
    dt_string(t, "compatible", "riscv-virtio");
    dt_string(t, "model", "tessera,mosaic");
    describe_chosen(m, t);
    dt_begin_at(t, "memory", MACHINE_RAM_BASE);
    dt_string(t, "device_type", "memory");
    dt_reg(t, MACHINE_RAM_BASE, m->config.ram_size);
    dt_end(t);
    describe_harts(m, t);
    dt_begin(t, "soc");
    dt_u32(t, "#address-cells", 2);
    dt_u32(t, "#size-cells", 2);
    dt_string(t, "compatible", "simple-bus");
    dt_empty(t, "ranges");
    for (unsigned i = 0; i < m->device_count; i++)
        if (m->devices[i].describe)
            m->devices[i].describe(m->devices[i].self, t);
    dt_end(t);
    return dt_finish_tree(t);
}
