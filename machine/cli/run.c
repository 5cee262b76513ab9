/* `mosaic run`: builds the machine that the options describe, boots it and runs it to the end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hw/mosaic_marks.h"
#include "machine/cli/cli.h"
#include "machine/cli/network.h"
#include "machine/cli/options.h"
#include "machine/cli/ports.h"
#include "machine/cli/progress.h"
#include "machine/cli/terminal.h"
#include "machine/cli/watch.h"
#include "machine/dev/virtio_blk.h"
#include "machine/dev/virtio_rng.h"
#include "machine/tile/report.h"
#include "machine/tile/save.h"
#include "machine/trace/gdb.h"

#define POLL_HZ 500 /* how often, in simulated time, input is looked for */

struct session {
    struct options options;
    struct system *system;
    struct machine *board; /* the first: terminal, ports and network are its */
    struct virtio_blk disks[SYSTEM_MAX_TILES];
    struct virtio_rng rngs[SYSTEM_MAX_TILES];
    struct input_log log;
    struct ports ports;
    struct watch watch;
    struct virtio_net net;
    struct network *network; /* NULL: none */
    struct event poll;
    struct progress progress;
    struct gdb *gdb;                   /* NULL: none */
    struct stats region_start, region; /* between the marks that begin and end regions of interest */
    bool in_region, had_region, save_wanted;
};

static struct system *interrupted_system;

static void on_signal(int signal)
{
    if (interrupted_system)
        system_interrupt(interrupted_system);
}

/* Whether more may come from the terminal. */
static bool poll_terminal(struct session *s)
{
    uint8_t bytes[256];
    size_t count;

    if (!input_log_is_live(&s->log)) {
        count = input_log_take(&s->log, INPUT_LOG_SERIAL, bytes, sizeof bytes);
        ns16550_receive(&s->board->uart, bytes, count);
        if (input_log_take(&s->log, INPUT_LOG_BREAK, bytes, sizeof bytes))
            ns16550_receive_break(&s->board->uart);
        return true;
    }
    switch (terminal_get(bytes, sizeof bytes, &count)) {
    case TERMINAL_BYTES:
        input_log_note(&s->log, INPUT_LOG_SERIAL, bytes, count);
        ns16550_receive(&s->board->uart, bytes, count);
        break;
    case TERMINAL_BREAK:
        input_log_note(&s->log, INPUT_LOG_BREAK, (const uint8_t[]){0}, 1);
        ns16550_receive_break(&s->board->uart);
        break;
    case TERMINAL_QUIT:
        system_interrupt(s->system);
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
    struct machine *m = s->board;

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
        terminal_wait((uint64_t)((double)cycles * 1e6 / (double)s->system->clock_hz));
    else if (s->options.port_count)
        ports_wait(&s->ports, 1);
    else if (s->network)
        network_wait(s->network, 1);
}

/* Slots are fixed, because systems name devices by their place in the device tree. */
enum slot {
    SLOT_BLK,
    SLOT_CONSOLE,
    SLOT_RNG,
    SLOT_NET,
};

/* Each board has its disk and its source of entropy. */
static bool attach_board(struct session *s, uint32_t i)
{
    const char *disk = s->options.description.files[i].disk;
    struct machine *board = s->system->boards[i];

    s->rngs[i].state = board->config.seed;
    machine_attach(board, SLOT_RNG, &virtio_rng_class, &s->rngs[i]);
    if (!*disk)
        return true;
    if (!cli_complain(disk, virtio_blk_open(&s->disks[i], disk, s->options.scratch, false)))
        return false;
    machine_attach(board, SLOT_BLK, &virtio_blk_class, &s->disks[i]);
    return true;
}

static bool attach_ports(struct session *s)
{
    for (unsigned i = 0; i < s->options.port_count; i++)
        if (!cli_complain(s->options.ports[i], ports_add(&s->ports, s->options.ports[i], &s->log)))
            return false;
    s->ports.console.virtio = machine_attach(s->board, SLOT_CONSOLE, &virtio_console_class, &s->ports.console);
    return true;
}

static bool attach_net(struct session *s)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}; /* locally administered, as QEMU's default */
    const char *error;

    memcpy(s->net.mac, mac, sizeof mac);
    s->net.virtio = machine_attach(s->board, SLOT_NET, &virtio_net_class, &s->net);
    s->network = network_open(s->board, &s->net, s->options.forward, &s->log, s->options.replay, &error);
    return s->network || cli_complain("--net", error);
}

static bool attach_devices(struct session *s)
{
    for (uint32_t i = 0; i < s->system->count; i++)
        if (s->system->boards[i] && !attach_board(s, i))
            return false;
    return (!s->options.port_count || attach_ports(s)) && (!s->options.net || attach_net(s));
}

/* ---- Marks ---- */

static void begin_region(struct session *s)
{
    s->in_region = true;
    report_take(s->system, &s->region_start);
}

static void end_region(struct session *s)
{
    struct stats now;

    if (!s->in_region)
        return;
    report_take(s->system, &now);
    stats_subtract(&now, &s->region_start);
    stats_add(&s->region, &now);
    s->in_region = false;
    s->had_region = true;
}

static void stop_here(struct session *s, struct hart *h)
{
    machine_interrupt(h->machine);
    system_interrupt(s->system);
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
            stop_here(s, h);
        break;
    case MOSAIC_MARK_STOP:
        stop_here(s, h);
        break;
    default:
        break;
    }
}

/* ---- A session ---- */

/* Now and then, whatever the guests do. */
static void look_around(void *ctx)
{
    struct session *s = ctx;

    progress_tell(&s->progress);
    if (s->gdb)
        gdb_poll(s->gdb);
}

static void set_hooks(struct session *s)
{
    for (uint32_t i = 0; i < s->system->count; i++) {
        struct machine *m = s->system->boards[i];
        if (!m)
            continue;
        m->mark = on_mark;
        m->mark_ctx = s;
    }
    event_init(&s->poll, poll_input, s);
    event_schedule(&s->board->events, &s->poll, s->board->now);
}

/* Builds the machine with its devices, and loads it. */
static bool build(struct session *s)
{
    const struct options *o = &s->options;
    struct system_user user = {.context = s, .send = terminal_put, .idle = idle, .poll = look_around};
    struct system_error error;

    s->system = system_create(&o->description, &user, &error);
    if (s->system) {
        s->board = s->system->boards[0];
        if (!cli_complain("--record, --replay", input_log_open(&s->log, s->board, o->record, o->replay)) ||
            !attach_devices(s))
            return false;
        if (system_load(s->system, &o->description, &error))
            return true;
    }
    fprintf(stderr, "mosaic: %s\n", error.text);
    return false;
}

static bool set_up(struct session *s)
{
    const struct options *o = &s->options;

    if (!build(s))
        return false;
    if (o->log && !terminal_copy(o->log))
        return cli_complain(o->log, "cannot be written");
    for (unsigned i = 0; i < o->load_count; i++)
        if (!transfer_load(s->system, &o->loads[i]))
            return false;
    if (o->restore && !cli_complain(o->restore, system_restore(s->system, o->restore)))
        return false;
    if (!system_use_threads(s->system, o->host_threads))
        return cli_complain("--host-threads", "the host gives no threads");
    set_hooks(s);
    return watch_start(&s->watch, s->system, o);
}

static void tear_down(struct session *s)
{
    ports_close(&s->ports);
    input_log_close(&s->log);
    if (s->network)
        network_close(s->network);
    for (uint32_t i = 0; i < SYSTEM_MAX_TILES; i++)
        virtio_blk_close(&s->disks[i]);
    if (s->system)
        system_destroy(s->system);
}

/* What is told at the end: about the regions of interest if there were any, else about everything. */
static bool tell_stats(struct session *s, double seconds)
{
    struct stats all;
    const struct options *o = &s->options;

    end_region(s);
    report_take(s->system, &all);
    const struct stats *what = s->had_region ? &s->region : &all;
    if (o->stats)
        report_print(s->system, what, s->had_region ? 0 : seconds, stderr);
    if (!o->stats_json)
        return true;
    FILE *out = fopen(o->stats_json, "w");
    if (!out)
        return cli_complain(o->stats_json, "cannot be written");
    report_print_json(s->system, what, seconds, out);
    return fclose(out) == 0 || cli_complain(o->stats_json, "cannot be written");
}

static int status_of(const struct system *s, enum machine_stop stop)
{
    switch (stop) {
    case MACHINE_POWERED_OFF:
        return (int)(s->exit_code & 0xff);
    case MACHINE_LIMIT:
        return CLI_LIMIT;
    case MACHINE_STUCK:
        fprintf(stderr, "mosaic: the guest sleeps for ever: all harts wait and no event is due\n");
        return CLI_STUCK;
    default:
        return 0;
    }
}

/* What the debugger left: MACHINE_RUNS if the machine is to go on alone. */
static enum machine_stop debug(struct session *s)
{
    if (!cli_complain("--gdb", gdb_open(&s->gdb, s->system, (uint16_t)s->options.gdb_port)))
        return MACHINE_INTERRUPTED;
    enum machine_stop stop = gdb_serve(s->gdb);
    gdb_close(s->gdb);
    s->gdb = NULL;
    return stop;
}

/* Runs to the end, through resets and checkpoints. */
static enum machine_stop run_session(struct session *s)
{
    uint64_t save_at = s->options.save ? s->options.save_at : UINT64_MAX;
    enum machine_stop stop = s->options.gdb_port ? debug(s) : MACHINE_RUNS;

    while (stop == MACHINE_RUNS) {
        stop = system_run(s->system, save_at < s->options.max_cycles ? save_at : s->options.max_cycles);
        bool save_now = s->save_wanted || (stop == MACHINE_LIMIT && system_now(s->system) >= save_at);
        if (stop == MACHINE_RESET)
            system_reset(s->system);
        if (save_now)
            cli_complain(s->options.save, system_save(s->system, s->options.save));
        if (save_now || stop == MACHINE_RESET)
            stop = MACHINE_RUNS;
        s->save_wanted = false;
        save_at = system_now(s->system) >= save_at ? UINT64_MAX : save_at;
    }
    return stop;
}

/* Host time: of all threads, or as people see it if there are several. */
static double host_seconds(const struct session *s)
{
    struct timespec t;

    clock_gettime(s->options.host_threads > 1 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool dump_memory(struct session *s)
{
    bool good = true;

    for (unsigned i = 0; i < s->options.dump_count; i++)
        good &= transfer_dump(s->system, &s->options.dumps[i]);
    return good;
}

static int run_and_report(struct session *s)
{
    interrupted_system = s->system;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    s->options.interactive |= terminal_open();
    double start = host_seconds(s);
    progress_start(&s->progress, s->system);
    enum machine_stop stop = run_session(s);
    progress_end(&s->progress);
    terminal_close();
    bool good = tell_stats(s, host_seconds(s) - start);
    good &= watch_finish(&s->watch, &s->options);
    good &= dump_memory(s);
    return good ? status_of(s->system, stop) : CLI_FAILURE;
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
    static struct system_description d;

    describe_init(&d);
    describe_write(&d, stdout);
    return 0;
}
