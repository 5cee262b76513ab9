/* Shared parts of machine tests; see fixture.h. */
#include "machine/board/test/fixture.h"

#include "machine/board/checkpoint.h"

char sent[256];
unsigned sent_count;

static void send(void *ctx, uint8_t byte)
{
    if (sent_count < sizeof sent - 1)
        sent[sent_count++] = (char)byte;
}

struct machine *make_machine(unsigned harts, bool timed)
{
    struct machine_config config = machine_default_config();
    const char *error;

    config.harts = harts;
    config.ram_size = 4 << 20;
    config.timed = timed;
    memset(sent, 0, sizeof sent);
    sent_count = 0;
    struct machine *m = machine_create(&config, send, NULL, &error);
    assert_non_null(m);
    return m;
}

uint32_t device_read(struct machine *m, uint64_t pa)
{
    uint64_t value;

    assert_true(bus_device_read(&m->bus, pa, 4, &value));
    return (uint32_t)value;
}

void device_write(struct machine *m, uint64_t pa, uint32_t value)
{
    assert_true(bus_device_write(&m->bus, pa, 4, value));
}

void pass_time(struct machine *m, uint64_t cycles)
{
    m->now += cycles;
    for (unsigned i = 0; i < m->config.harts; i++)
        m->harts[i]->cycle = m->now;
    event_run(&m->events, m->now);
}

bool sees(const struct machine *m, unsigned hart, enum rv_irq irq)
{
    return hart_mip(m->harts[hart]) >> irq & 1;
}

static const char *checkpoint(struct machine *m, const char *path, bool saving)
{
    struct snapshot s = {.file = fopen(path, saving ? "wb" : "rb"), .saving = saving};

    assert_non_null(s.file);
    checkpoint_machine(&s, m);
    return fclose(s.file) == 0 && !s.failed ? NULL : "failed";
}

const char *checkpoint_save(struct machine *m, const char *path)
{
    return checkpoint(m, path, true);
}

const char *checkpoint_restore(struct machine *m, const char *path)
{
    return checkpoint(m, path, false);
}
