/* `mosaic run`: builds the machine that the options describe, boots it and runs it to the end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hw/mosaic_marks.h"
#include "machine/board/checkpoint.h"
#include "machine/board/load.h"
#include "machine/board/machine.h"
#include "machine/board/stats.h"
#include "machine/cli/cli.h"
#include "machine/cli/description.h"
#include "machine/cli/network.h"
#include "machine/cli/options.h"
#include "machine/cli/ports.h"
#include "machine/cli/progress.h"
#include "machine/cli/terminal.h"
#include "machine/cli/watch.h"
#include "machine/dev/virtio_blk.h"
#include "machine/dev/virtio_rng.h"
#include "machine/trace/gdb.h"

#define POLL_HZ 500 /* how often, in simulated time, input is looked for */

struct session {
    struct options options;
    struct machine *machine;
    struct virtio_blk disk;
    struct virtio_rng rng;
    struct input_log log;
    struct ports ports;
    struct watch watch;
    struct virtio_net net;
    struct network *network; /* NULL: none */
    struct event poll;
    struct stats region_start, region; /* between the marks that begin and end regions of interest */
    bool in_region, had_region, save_wanted;
};

static struct machine *interrupted_machine;

static void on_signal(int signal)
{
    if (interrupted_machine)
        machine_interrupt(interrupted_machine);
}

/* Whether more may come from the terminal. */
static bool poll_terminal(struct session *s)
{
    uint8_t bytes[256];
    size_t count;

    if (!input_log_is_live(&s->log)) {
        count = input_log_take(&s->log, INPUT_LOG_SERIAL, bytes, sizeof bytes);
        ns16550_receive(&s->machine->uart, bytes, count);
        return true;
    }
    switch (terminal_get(bytes, sizeof bytes, &count)) {
    case TERMINAL_BYTES:
        input_log_note(&s->log, INPUT_LOG_SERIAL, bytes, count);
        ns16550_receive(&s->machine->uart, bytes, count);
        break;
    case TERMINAL_QUIT:
        machine_interrupt(s->machine);
        break;
    case TERMINAL_END:
        return s->log.record != NULL; /* a replay has to look for input at the same cycles */
    case TERMINAL_NOTHING:
        break;
    }
    return true;
}

/* Looks for input, and again a while later if there can still be some. */
static void poll_input(void *ctx)
{
    struct session *s = ctx;
    struct machine *m = s->machine;

    terminal_flush();
    virtio_console_poll(&s->ports.console);
    if (s->network)
        network_poll(s->network);
    if (poll_terminal(s) || s->options.port_count || s->network)
        event_schedule(&m->events, &s->poll, m->now + m->clock.hz / POLL_HZ);
}

/* Nothing to do: let real time pass for people, and give others the processor when a script's command is awaited. */
static void idle(void *ctx, uint64_t cycles)
{
    struct session *s = ctx;

    terminal_flush();
    if (s->options.interactive)
        terminal_wait((uint64_t)((double)cycles * 1e6 / (double)s->machine->clock.hz));
    else if (s->options.port_count)
        ports_wait(&s->ports, 1);
}

/* Slots are fixed, because systems name devices by their place in the device tree. */
enum slot {
    SLOT_BLK,
    SLOT_CONSOLE,
    SLOT_RNG,
    SLOT_NET,
};

static bool attach_disk(struct session *s)
{
    struct options *o = &s->options;
    if (!cli_complain(o->disk, virtio_blk_open(&s->disk, o->disk, o->scratch, false)))
        return false;
    machine_attach(s->machine, SLOT_BLK, &virtio_blk_class, &s->disk);
    return true;
}

static bool attach_ports(struct session *s)
{
    for (unsigned i = 0; i < s->options.port_count; i++)
        if (!cli_complain(s->options.ports[i], ports_add(&s->ports, s->options.ports[i], &s->log)))
            return false;
    s->ports.console.virtio = machine_attach(s->machine, SLOT_CONSOLE, &virtio_console_class, &s->ports.console);
    return true;
}

static bool attach_net(struct session *s)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}; /* locally administered, as QEMU's default */
    const char *error;

    memcpy(s->net.mac, mac, sizeof mac);
    s->net.virtio = machine_attach(s->machine, SLOT_NET, &virtio_net_class, &s->net);
    s->network = network_open(s->machine, &s->net, s->options.forward, &error);
    return s->network || cli_complain("--forward", error);
}

static bool attach_devices(struct session *s)
{
    s->rng.state = s->options.config.seed;
    machine_attach(s->machine, SLOT_RNG, &virtio_rng_class, &s->rng);
    return (!s->options.disk || attach_disk(s)) && (!s->options.port_count || attach_ports(s)) &&
           (!s->options.net || attach_net(s));
}

/* ---- Marks ---- */

static void begin_region(struct session *s)
{
    s->in_region = true;
    stats_take(s->machine, &s->region_start);
}

static void end_region(struct session *s)
{
    struct stats now;

    if (!s->in_region)
        return;
    stats_take(s->machine, &now);
    stats_subtract(&now, &s->region_start);
    stats_add(&s->region, &now);
    s->in_region = false;
    s->had_region = true;
}

static void on_mark(void *ctx, struct hart *h, unsigned number)
{
    struct session *s = ctx;

    switch (number) {
    case MOSAIC_MARK_ROI_BEGIN:
        begin_region(s);
        break;
    case MOSAIC_MARK_ROI_END:
        end_region(s);
        break;
    case MOSAIC_MARK_CHECKPOINT:
        s->save_wanted = s->options.save != NULL;
        if (s->save_wanted)
            machine_interrupt(s->machine);
        break;
    case MOSAIC_MARK_STOP:
        machine_interrupt(s->machine);
        break;
    default:
        break;
    }
}

/* ---- A session ---- */

static bool set_up(struct session *s)
{
    const struct options *o = &s->options;
    struct load_request request = {o->firmware, o->kernel, o->initrd, o->append};
    struct load_error load_error;
    const char *error;

    s->machine = machine_create(&o->config, terminal_put, NULL, &error);
    if (!s->machine) {
        fprintf(stderr, "mosaic: %s\n", error);
        return false;
    }
    if (!cli_complain("--record, --replay", input_log_open(&s->log, s->machine, o->record, o->replay)) ||
        !attach_devices(s))
        return false;
    if (!load_boot(s->machine, &request, &load_error)) {
        fprintf(stderr, "mosaic: %s\n", load_error.text);
        return false;
    }
    s->machine->idle = idle;
    s->machine->idle_ctx = s;
    s->machine->mark = on_mark;
    s->machine->mark_ctx = s;
    if (o->restore && !cli_complain(o->restore, checkpoint_restore(s->machine, o->restore)))
        return false;
    if (!watch_start(&s->watch, s->machine, o))
        return false;
    event_init(&s->poll, poll_input, s);
    event_schedule(&s->machine->events, &s->poll, s->machine->now);
    return true;
}

static void tear_down(struct session *s)
{
    ports_close(&s->ports);
    input_log_close(&s->log);
    if (s->network)
        network_close(s->network);
    virtio_blk_close(&s->disk);
    if (s->machine)
        machine_destroy(s->machine);
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* What is told at the end: about the regions of interest if there were any, else about everything. */
static bool tell_stats(struct session *s, double seconds)
{
    struct stats all;
    const struct options *o = &s->options;

    end_region(s);
    stats_take(s->machine, &all);
    const struct stats *what = s->had_region ? &s->region : &all;
    if (o->stats)
        stats_print(what, s->had_region ? 0 : seconds, stderr);
    if (!o->stats_json)
        return true;
    FILE *out = fopen(o->stats_json, "w");
    if (!out)
        return cli_complain(o->stats_json, "cannot be written");
    stats_print_json(what, seconds, out);
    return fclose(out) == 0 || cli_complain(o->stats_json, "cannot be written");
}

static int status_of(const struct machine *m, enum machine_stop stop)
{
    switch (stop) {
    case MACHINE_POWERED_OFF:
        return (int)(m->exit_code & 0xff);
    case MACHINE_LIMIT:
        return CLI_LIMIT;
    case MACHINE_STUCK:
        fprintf(stderr, "mosaic: the guest sleeps for ever: all harts wait and no event is due\n");
        return CLI_STUCK;
    default:
        return 0;
    }
}

/* Runs to the end, through resets and checkpoints. */
static enum machine_stop run_session(struct session *s)
{
    struct machine *m = s->machine;
    uint64_t save_at = s->options.save ? s->options.save_at : UINT64_MAX;
    enum machine_stop debugged = MACHINE_RUNS;

    if (s->options.gdb_port && !cli_complain("--gdb", gdb_serve(m, (uint16_t)s->options.gdb_port, &debugged)))
        return MACHINE_INTERRUPTED;
    if (debugged != MACHINE_RUNS)
        return debugged;
    for (;;) {
        enum machine_stop stop = machine_run(m, save_at < s->options.max_cycles ? save_at : s->options.max_cycles);
        bool save_now = s->save_wanted || (stop == MACHINE_LIMIT && m->now >= save_at);
        if (stop == MACHINE_RESET)
            machine_reset(m);
        else if (!save_now)
            return stop;
        if (save_now)
            cli_complain(s->options.save, checkpoint_save(m, s->options.save));
        s->save_wanted = false;
        save_at = m->now >= save_at ? UINT64_MAX : save_at;
    }
}

static int run_and_report(struct session *s)
{
    interrupted_machine = s->machine;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    s->options.interactive |= terminal_open();
    double start = cpu_seconds();
    struct progress progress;
    progress_start(&progress, s->machine);
    enum machine_stop stop = run_session(s);
    progress_end(&progress);
    terminal_close();
    bool told = tell_stats(s, cpu_seconds() - start);
    told &= watch_finish(&s->watch, &s->options);
    return told ? status_of(s->machine, stop) : CLI_FAILURE;
}

int cli_run(int argc, char **argv)
{
    static struct session s;
    bool help;

    if (!options_parse(argc, argv, &s.options, &help))
        return CLI_USAGE;
    if (help)
        return 0;
    int status = set_up(&s) ? run_and_report(&s) : CLI_FAILURE;
    tear_down(&s);
    return status;
}

int cli_describe(int argc, char **argv)
{
    struct machine_config config = machine_default_config();

    description_write(&config, stdout);
    return 0;
}
