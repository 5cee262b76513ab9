/*
 * The GDB stub; see gdb.h. While the debugger listens the machine stands still between two slices. Harts run with an
 * observer that stops them at breakpoints; the instruction at which the selected hart stands is let through, so that a
 * breakpoint there does not hit again. A step is a run that ends before the hart's second instruction: whatever else
 * happens at that time happens, too.
 */
#include "machine/trace/gdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/core/mmu.h"
#include "machine/core/observer.h"
#include "machine/trace/gdb_packet.h"

#define MAX_BREAKS 64

enum break_kind { /* numbers of the protocol's Z packets */
                  BREAK_SOFTWARE,
                  BREAK_HARDWARE,
                  WATCH_WRITE,
                  WATCH_READ,
                  WATCH_ACCESS,
};

struct breakpoint {
    enum break_kind kind;
    uint64_t address, length;
};

struct gdb {
    struct observer observer; /* first: observers are cast back */
    struct gdb_link link;
    struct system *system;
    struct hart *selected; /* by H packets; also the one that stopped last */
    bool passing;          /* the selected hart is about to execute the instruction at which it stood */
    bool stepping;         /* and is to stop behind it */
    struct breakpoint breaks[MAX_BREAKS];
    unsigned break_count;
    const struct breakpoint *hit; /* a watchpoint that stopped the machine */
    uint64_t hit_address;
    bool stopped_by_us, closed;
};

/* ---- Stopping: called around every instruction ---- */

static void stop(struct gdb *g, struct hart *h)
{
    g->selected = h;
    g->stopped_by_us = true;
    machine_interrupt(h->machine); /* at this instruction */
    system_interrupt(g->system);
}

static bool before(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct gdb *g = (struct gdb *)ob;

    if (h == g->selected && g->passing) {
        g->passing = false;
        return true;
    }
    if (h == g->selected && g->stepping) {
        stop(g, h);
        return false;
    }
    for (unsigned i = 0; i < g->break_count; i++) {
        if (g->breaks[i].kind <= BREAK_HARDWARE && g->breaks[i].address == pc) {
            stop(g, h);
            return false;
        }
    }
    return true;
}

static bool touches(const struct breakpoint *b, uint64_t va, unsigned cls)
{
    bool write = cls == OP_STORE || cls == OP_FP_STORE || cls == OP_AMO;
    bool read = cls == OP_LOAD || cls == OP_LOAD_NARROW || cls == OP_FP_LOAD || cls == OP_AMO;

    if (b->kind < WATCH_WRITE || va >= b->address + b->length || va + 8 <= b->address)
        return false;
    return (b->kind != WATCH_READ && write) || (b->kind != WATCH_WRITE && read);
}

static void after(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct gdb *g = (struct gdb *)ob;

    for (unsigned i = 0; h->access.host && i < g->break_count; i++) {
        if (touches(&g->breaks[i], h->access.va, info->cls)) {
            g->hit = &g->breaks[i];
            g->hit_address = h->access.va;
            stop(g, h);
        }
    }
}

void gdb_poll(struct gdb *g)
{
    if (gdb_interrupted(&g->link, &g->closed)) {
        g->stopped_by_us = true;
        system_interrupt(g->system);
    }
}

static void watch(struct gdb *g, bool on)
{
    for (uint32_t i = 0; i < SYSTEM_MAX_HARTS; i++) {
        struct hart *h = system_hart(g->system, i);
        if (h && on) {
            g->observer.next = h->observer;
            h->observer = &g->observer;
        } else if (h) {
            h->observer = g->observer.next;
        }
    }
}

/* ---- Registers: x0 to x31, pc, f0 to f31, as GDB numbers them ---- */

#define REG_PC     32
#define REG_F0     33
#define REG_LAST   64
#define REG_FFLAGS 66 /* CSR n is 65 + n */
#define REG_FRM    67
#define REG_FCSR   68

/* The description of these registers that GDB asks for. */
static void describe_registers(char *xml, size_t size)
{
    int n = snprintf(xml, size,
                     "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target "
                     "version=\"1.0\"><architecture>riscv:rv64</architecture>"
                     "<feature name=\"org.gnu.gdb.riscv.cpu\">");

    for (unsigned i = 0; i < 32; i++)
        n += snprintf(xml + n, size - (size_t)n, "<reg name=\"x%u\" bitsize=\"64\" regnum=\"%u\"/>", i, i);
    n += snprintf(xml + n, size - (size_t)n,
                  "<reg name=\"pc\" bitsize=\"64\" regnum=\"%u\" type=\"code_ptr\"/>"
                  "</feature><feature name=\"org.gnu.gdb.riscv.fpu\">",
                  REG_PC);
    for (unsigned i = 0; i < 32; i++)
        n += snprintf(xml + n, size - (size_t)n,
                      "<reg name=\"f%u\" bitsize=\"64\" regnum=\"%u\" type=\"ieee_double\"/>", i, REG_F0 + i);
    snprintf(xml + n, size - (size_t)n,
             "<reg name=\"fflags\" bitsize=\"32\" regnum=\"%u\"/><reg name=\"frm\" "
             "bitsize=\"32\" regnum=\"%u\"/><reg name=\"fcsr\" bitsize=\"32\" regnum=\"%u\"/></feature></target>",
             REG_FFLAGS, REG_FRM, REG_FCSR);
}

static uint32_t float_status(const struct hart *h, unsigned long number)
{
    return number == REG_FFLAGS ? h->fflags : number == REG_FRM ? h->frm : (uint32_t)h->frm << 5 | h->fflags;
}

static uint64_t *register_of(struct hart *h, unsigned number)
{
    if (number < 32)
        return &h->x[number];
    if (number == REG_PC)
        return &h->pc;
    return number <= REG_LAST ? &h->f[number - REG_F0] : NULL;
}

static void read_registers(struct gdb *g)
{
    for (unsigned i = 0; i <= REG_PC; i++)
        gdb_put_hex(&g->link, register_of(g->selected, i), 8);
}

static void write_registers(struct gdb *g, const char *text)
{
    for (unsigned i = 1; i <= REG_PC; i++) {
        if (strlen(text) < 16 * (i + 1) || !gdb_get_hex(text + 16 * i, register_of(g->selected, i), 8)) {
            gdb_put(&g->link, "E16");
            return;
        }
    }
    gdb_put(&g->link, "OK");
}

static void one_register(struct gdb *g, const char *text, bool write)
{
    char *end;
    unsigned long number = strtoul(text, &end, 16);
    uint64_t *reg = number <= REG_LAST ? register_of(g->selected, (unsigned)number) : NULL;

    if (!write && number >= REG_FFLAGS && number <= REG_FCSR) {
        uint32_t value = float_status(g->selected, number);
        gdb_put_hex(&g->link, &value, sizeof value);
        return;
    }
    if (!reg || (write && (*end != '=' || !gdb_get_hex(end + 1, reg, 8)))) {
        gdb_put(&g->link, "E16");
        return;
    }
    g->selected->x[0] = 0;
    if (write)
        gdb_put(&g->link, "OK");
    else
        gdb_put_hex(&g->link, reg, 8);
}

/* ---- Memory, as the selected hart sees it ---- */

static bool access_byte(struct gdb *g, uint64_t va, uint8_t *byte, bool write)
{
    struct bus *bus = g->selected->bus;
    struct mmu_walk walk;

    if (!mmu_peek(g->selected, va, MMU_READ, &walk))
        return false;
    return write ? bus_load(bus, walk.pa, byte, 1) : bus_dma_read(bus, walk.pa, byte, 1);
}

static void read_memory(struct gdb *g, const char *text)
{
    unsigned long long address, length;
    uint8_t byte;

    if (sscanf(text, "%llx,%llx", &address, &length) != 2 || length > GDB_PACKET_MAX / 2) {
        gdb_put(&g->link, "E16");
        return;
    }
    for (uint64_t i = 0; i < length && access_byte(g, address + i, &byte, false); i++)
        gdb_put_hex(&g->link, &byte, 1);
    if (!g->link.out_len)
        gdb_put(&g->link, "E0e");
}

static void write_memory(struct gdb *g, const char *text)
{
    unsigned long long address, length;
    const char *data = strchr(text, ':');
    uint8_t byte;

    if (sscanf(text, "%llx,%llx", &address, &length) != 2 || !data) {
        gdb_put(&g->link, "E16");
        return;
    }
    for (uint64_t i = 0; i < length; i++) {
        if (!gdb_get_hex(data + 1 + 2 * i, &byte, 1) || !access_byte(g, address + i, &byte, true)) {
            gdb_put(&g->link, "E0e");
            return;
        }
    }
    gdb_put(&g->link, "OK");
}

/* ---- Breakpoints ---- */

static int find_break(const struct gdb *g, unsigned kind, uint64_t address)
{
    for (unsigned i = 0; i < g->break_count; i++)
        if (g->breaks[i].kind == kind && g->breaks[i].address == address)
            return (int)i;
    return -1;
}

static void change_break(struct gdb *g, const char *text, bool insert)
{
    unsigned kind;
    unsigned long long address, length;

    if (sscanf(text, "%u,%llx,%llx", &kind, &address, &length) != 3 || kind > WATCH_ACCESS)
        return; /* an empty answer: not supported */
    int i = find_break(g, kind, address);
    if (insert && i < 0 && g->break_count == MAX_BREAKS) {
        gdb_put(&g->link, "E1c");
        return;
    }
    if (insert && i < 0)
        g->breaks[g->break_count++] = (struct breakpoint){kind, address, length};
    else if (!insert && i >= 0)
        g->breaks[i] = g->breaks[--g->break_count];
    gdb_put(&g->link, "OK");
}

/* ---- Running ---- */

static void report_stop(struct gdb *g)
{
    char text[80];

    snprintf(text, sizeof text, "T05thread:%x;", g->selected->number + 1);
    gdb_put(&g->link, text);
    if (g->hit) {
        static const char *const names[] = {"", "", "watch", "rwatch", "awatch"};
        snprintf(text, sizeof text, "%s:%llx;", names[g->hit->kind], (unsigned long long)g->hit_address);
        gdb_put(&g->link, text);
    }
    g->hit = NULL;
}

/* Returns how the machine ended, or MACHINE_RUNS if the debugger goes on. */
static enum machine_stop resume(struct gdb *g, bool only_step)
{
    enum machine_stop why;
    char text[16];

    g->stopped_by_us = false;
    g->passing = true;
    g->stepping = only_step;
    watch(g, true);
    while ((why = system_run(g->system, UINT64_MAX)) == MACHINE_RESET)
        system_reset(g->system);
    watch(g, false);
    if (g->stopped_by_us) {
        report_stop(g);
        return MACHINE_RUNS;
    }
    snprintf(text, sizeof text, "W%02x", g->system->exit_code & 0xff);
    gdb_put(&g->link, text);
    return why;
}

static struct hart *hart_of(struct gdb *g, const char *text)
{
    unsigned long id = strtoul(text, NULL, 16);

    return id >= 1 && id <= SYSTEM_MAX_HARTS ? system_hart(g->system, (uint32_t)id - 1) : NULL;
}

/* vCont;action[:thread]...: a step of one hart, or all go on. */
static enum machine_stop continue_many(struct gdb *g, const char *text)
{
    if (*text == '?') {
        gdb_put(&g->link, "vCont;c;C;s;S");
        return MACHINE_RUNS;
    }
    bool only_step = text[1] == 's' || text[1] == 'S';
    const char *thread = strchr(text, ':');
    struct hart *h = thread ? hart_of(g, thread + 1) : NULL;
    if (h)
        g->selected = h;
    return resume(g, only_step);
}

/* ---- Queries ---- */

static void send_features(struct gdb *g, const char *range)
{
    unsigned offset, length;
    static char xml[8192], piece[8192];

    describe_registers(xml, sizeof xml);
    size_t total = strlen(xml);

    if (sscanf(range, "%x,%x", &offset, &length) != 2 || offset > total) {
        gdb_put(&g->link, "E16");
        return;
    }
    size_t n = total - offset < length ? total - offset : length;
    snprintf(piece, sizeof piece, "%c%.*s", n == total - offset ? 'l' : 'm', (int)n, xml + offset);
    gdb_put(&g->link, piece);
}

static void list_threads(struct gdb *g)
{
    char text[16];

    char separator = 'm';
    for (uint32_t i = 0; i < SYSTEM_MAX_HARTS; i++) {
        if (!system_hart(g->system, i))
            continue;
        snprintf(text, sizeof text, "%c%x", separator, i + 1);
        gdb_put(&g->link, text);
        separator = ',';
    }
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void query(struct gdb *g, const char *text)
{
    static const char features[] = "qXfer:features:read:target.xml:";
    char answer[32];

    if (starts(text, "qSupported")) {
        gdb_put(&g->link, "PacketSize=4000;qXfer:features:read+;vContSupported+;hwbreak+;swbreak+");
    } else if (starts(text, features)) {
        send_features(g, text + strlen(features));
    } else if (starts(text, "qfThreadInfo")) {
        list_threads(g);
    } else if (starts(text, "qsThreadInfo")) {
        gdb_put(&g->link, "l");
    } else if (starts(text, "qAttached")) {
        gdb_put(&g->link, "1");
    } else if (strcmp(text, "qC") == 0) {
        snprintf(answer, sizeof answer, "QC%x", g->selected->number + 1);
        gdb_put(&g->link, answer);
    } else if (starts(text, "qThreadExtraInfo,")) {
        struct hart *h = hart_of(g, text + strlen("qThreadExtraInfo,"));
        snprintf(answer, sizeof answer, "%s %u%s", g->system->mesh ? "tile" : "hart", h ? h->number : 0,
                 h && h->waiting ? ", waits" : "");
        gdb_put_hex(&g->link, answer, strlen(answer));
    }
}

static void select_hart(struct gdb *g, const char *text)
{
    struct hart *h = hart_of(g, text + 1);

    if (h)
        g->selected = h;
    gdb_put(&g->link, h || text[1] == '0' || text[1] == '-' ? "OK" : "E16");
}

/* Carries out one packet and builds the reply. */
static enum machine_stop obey(struct gdb *g, const char *text)
{
    switch (text[0]) {
    case '?':
        report_stop(g);
        break;
    case 'g':
        read_registers(g);
        break;
    case 'G':
        write_registers(g, text + 1);
        break;
    case 'p':
        one_register(g, text + 1, false);
        break;
    case 'P':
        one_register(g, text + 1, true);
        break;
    case 'm':
        read_memory(g, text + 1);
        break;
    case 'M':
        write_memory(g, text + 1);
        break;
    case 'Z':
    case 'z':
        change_break(g, text + 1, text[0] == 'Z');
        break;
    case 'c':
    case 's':
        return resume(g, text[0] == 's');
    case 'H':
        select_hart(g, text + 1);
        break;
    case 'T':
        gdb_put(&g->link, hart_of(g, text + 1) ? "OK" : "E16");
        break;
    case 'q':
        query(g, text);
        break;
    case 'v':
        if (starts(text, "vCont"))
            return continue_many(g, text + 5);
        break;
    default:
        break; /* the empty reply: not supported */
    }
    return MACHINE_RUNS;
}

static enum machine_stop serve(struct gdb *g)
{
    while (gdb_receive(&g->link) >= 0) {
        if (g->link.in[0] == 'k')
            return MACHINE_INTERRUPTED;
        if (g->link.in[0] == 'D') {
            gdb_put(&g->link, "OK");
            gdb_send(&g->link);
            return MACHINE_RUNS;
        }
        enum machine_stop why = obey(g, g->link.in);
        if (!gdb_send(&g->link) || why != MACHINE_RUNS)
            return why;
    }
    return MACHINE_RUNS;
}

const char *gdb_open(struct gdb **gdb, struct system *s, uint16_t port)
{
    struct gdb *g = calloc(1, sizeof *g);

    if (!g)
        return "out of memory";
    g->system = s;
    g->selected = system_hart(s, 0);
    g->observer = (struct observer){.before = before, .after = after};
    if (!gdb_accept(&g->link, port)) {
        free(g);
        return "the port cannot be listened on";
    }
    *gdb = g;
    return NULL;
}

enum machine_stop gdb_serve(struct gdb *g)
{
    return serve(g);
}

void gdb_close(struct gdb *g)
{
    close(g->link.fd);
    free(g);
}
