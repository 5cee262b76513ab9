/* Power-off and reset; see syscon.h. */
#include "machine/dev/syscon.h"

#include "hw/sifive_test.h"
#include "machine/dev/fdt.h"

static bool syscon_read(void *device, uint64_t offset, unsigned size, uint64_t *value)
{
    return true;
}

static bool syscon_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct syscon *s = device;

    if (offset != SIFIVE_TEST_FINISH)
        return true;
    switch (value & 0xffff) {
    case SIFIVE_TEST_PASS:
        s->power_off(s->machine, 0);
        break;
    case SIFIVE_TEST_FAIL:
        s->power_off(s->machine, (unsigned)(value >> 16) & 0xffff);
        break;
    case SIFIVE_TEST_RESET:
        s->reset(s->machine);
        break;
    default:
        break;
    }
    return true;
}

const struct device_ops syscon_ops = {"syscon", syscon_read, syscon_write};

static void describe_action(struct fdt *t, const char *name, const char *compatible, uint32_t value)
{
    dt_begin(t, name);
    dt_string(t, "compatible", compatible);
    dt_u32(t, "regmap", FDT_PHANDLE_SYSCON);
    dt_u32(t, "offset", SIFIVE_TEST_FINISH);
    dt_u32(t, "value", value);
    dt_end(t);
}

static void describe(void *self, struct fdt *t)
{
    static const char compatible[] = "sifive,test1\0sifive,test0\0syscon";
    struct syscon *s = self;

    dt_begin_at(t, "test", s->base);
    dt_strings(t, "compatible", compatible, sizeof compatible);
    dt_reg(t, s->base, 0x1000);
    dt_u32(t, "phandle", FDT_PHANDLE_SYSCON);
    dt_end(t);
    describe_action(t, "poweroff", "syscon-poweroff", SIFIVE_TEST_PASS);
    describe_action(t, "reboot", "syscon-reboot", SIFIVE_TEST_RESET);
}

struct device syscon_device(struct syscon *s)
{
    return (struct device){.self = s, .describe = describe};
}
