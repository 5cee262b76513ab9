/*
 * Prints docs/tcu.md from the tables hw/tcu.def and machine/tcu/commands.def, which the model itself runs on.
 * `make docs/tcu.md` calls it; a test compares the page in the tree with its output.
 */
#include <stdio.h>
#include <string.h>

enum table {
#define TCU_TABLE(name, purpose) T_##name,
#include "machine/tcu/commands.def"
    TABLES
};

static const struct {
    const char *name, *purpose;
} tables[] = {
#define TCU_TABLE(name, purpose) {#name, purpose},
#include "machine/tcu/commands.def"
};

static const struct {
    enum table table;
    const char *phase, *name, *error, *text;
} checks[] = {
#define TCU_CHECK(table, phase, name, error, text) {T_##table, #phase, #name, #error, text},
#include "machine/tcu/commands.def"
};

static const struct {
    enum table table;
    const char *text;
} effects[] = {
#define TCU_EFFECT(table, name, text) {T_##table, text},
#include "machine/tcu/commands.def"
};

static void print_registers(void)
{
    puts("## Registers\n\nAll are 64 bit. Access: r read, w write, c write starts a command, k write only while\n"
         "FEATURES.KERNEL is set, f write changes FEATURES.KERNEL only, - none.\n\n"
         "| offset | name | core | network | |\n|---|---|---|---|---|");
#define TCU_REGISTER(name, offset, core, noc, text)                                                                    \
    printf("| 0x%04x | %s | %s | %s | %s |\n", (unsigned)offset, #name, core, noc, text);
#include "hw/tcu.def"
}

static void print_errors(void)
{
    puts("\n## Errors\n\n| number | name | |\n|---|---|---|");
#define TCU_ERROR(name, number, text) printf("| %d | %s | %s |\n", number, #name, text);
#include "hw/tcu.def"
}

static void print_opcodes(void)
{
    puts("\n## Opcodes\n\n| register | number | name | |\n|---|---|---|---|");
#define TCU_COMMAND(name, opcode, text)      printf("| COMMAND | %d | %s | %s |\n", opcode, #name, text);
#define TCU_PRIV_COMMAND(name, opcode, text) printf("| PRIV_CMD | %d | %s | %s |\n", opcode, #name, text);
#define TCU_EXT_COMMAND(name, opcode, text)  printf("| EXT_CMD | %d | %s | %s |\n", opcode, #name, text);
#include "hw/tcu.def"
}

static void print_checks(enum table table)
{
    int number = 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (checks[i].table != table)
            continue;
        const char *when = strcmp(checks[i].phase, "DEPART") == 0   ? " (when the packet leaves)"
                           : strcmp(checks[i].phase, "ARRIVE") == 0 ? " (when the data are there)"
                                                                    : "";
        printf("%d. %s%s, else %s\n", ++number, checks[i].text, when, checks[i].error);
    }
    if (number > 0)
        puts("");
}

static void print_tables(void)
{
    puts("\n## What each does\n\nThe numbered checks are made in this order and the first that fails gives the error;\n"
         "the list after them says what happens when all hold.");
    for (int table = 0; table < TABLES; table++) {
        printf("\n### %s\n\n%s\n\n", tables[table].name, tables[table].purpose);
        print_checks((enum table)table);
        for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
            if (effects[i].table == (enum table)table)
                printf("* %s\n", effects[i].text);
    }
}

static void print_costs(void)
{
    puts("\n## Costs\n\nCycles of the tile's clock; the defaults are those of the gem5 model of the original.\n\n"
         "| name | cycles | |\n|---|---|---|");
#define TCU_COST(name, cycles, text) printf("| %s | %d | %s |\n", #name, cycles, text);
#include "machine/tcu/commands.def"
}

int main(void)
{
    puts(
        "<!-- Printed by machine/tcu/doc.c from hw/tcu.def and machine/tcu/commands.def: make docs/tcu.md -->\n"
        "# The trusted communication unit (TCU)\n\n"
        "Between each core or accelerator and the network on chip sits a TCU, the only way in or out of the tile. Its\n"
        "*endpoints* are of three kinds: send, receive, memory. Using one needs no privilege; only the controller, "
        "through\n"
        "the network, can configure one (and a tile's own core while FEATURES.KERNEL is set). Field positions are in\n"
        "`hw/tcu.h`, differences to the original in `docs/decisions/040-tcu.md`.\n");
    print_registers();
    print_errors();
    print_opcodes();
    print_tables();
    print_costs();
    return 0;
}
