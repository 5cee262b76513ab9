/*
 * The debug key: a break on the serial line (QEMU's terminal: Ctrl-A b), then a letter. The line is a driver's at user
 * level; the kernel looks at it first at each interrupt and takes just these two characters away. It needs the driver
 * for nothing else: it works, at the next timer interrupt, when that hangs.
 */
#include "kernel/arch.h"
#include "kernel/arch/riscv64/debug.h"
#include "kernel/debug.h"
#include "hw/ns16550.h"
#include "lib/base/string.h"

static volatile u8 *line;
static bool letter_next;

void debug_visit(const struct fdt_property *p)
{
    static const char *node; /* whose properties these are */
    static paddr_t place;
    static bool known;
    if (line || strncmp(p->node, "serial@", 7))
        return;
    if (node != p->node) {
        node = p->node;
        place = 0;
        known = false;
    }
    if (!strcmp(p->name, "reg"))
        place = fdt_number(p, 0);
    if (!strcmp(p->name, "compatible"))
        known = !strncmp((const char *)p->value, "ns16550", 7);
    if (place && known)
        line = arch_phys_to_virt(place);
}

/*
 * While a dump is printed, the firmware's looks at the status take away the mark of a break: its zero byte tells it
 * then, and other characters that came meanwhile are lost.
 */

/* A break comes with a zero byte; what was typed before it, if nobody has fetched that yet, is lost. */
static void drop_break(void)
{
    for (u32 i = 0; i < NS16550_FIFO_SIZE && (line[NS16550_LSR] & NS16550_LSR_DR); i++)
        if (!line[NS16550_RBR])
            return;
}

void debug_poll(void)
{
    bool printed = false;
    while (line) {
        u8 status = line[NS16550_LSR];
        if (status & NS16550_LSR_BI) {
            drop_break();
            letter_next = true;
        } else if (letter_next && (status & NS16550_LSR_DR)) {
            debug_dump(line[NS16550_RBR]);
            letter_next = false;
            printed = true;
        } else if (printed && (status & NS16550_LSR_DR)) {
            letter_next = !line[NS16550_RBR];
        } else {
            return;
        }
    }
}
