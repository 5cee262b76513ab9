/* Prints a compiled system page with the accessors that init uses, so that a test compares it with its source. */
#include "lib/tess/system_page.h"

#include <stdio.h>

static u64 buffer[1 << 16];

static void print_program(const struct system_page *page, const struct system_program *p)
{
    printf("program %s %s %u %u %u %llu %llu", system_text(page, p->name), system_text(page, p->image), p->priority,
           p->restart, p->flags, (unsigned long long)p->memory, (unsigned long long)p->kmem);
    for (u32 i = 0; i < p->args.count; i++)
        printf(" arg:%s", system_text_row(page, &page->texts, p->args.first + i));
    for (u32 i = 0; i < p->env.count; i++)
        printf(" env:%s", system_text_row(page, &page->texts, p->env.first + i));
    for (u32 i = 0; i < p->serves.count; i++) {
        const struct system_serve *serve = system_serve(page, p->serves.first + i);
        const struct system_service *service = system_service(page, serve->service);
        printf(" serves:%s=%s:%s", system_text(page, serve->local), system_text(page, service->interface),
               system_text(page, service->name));
    }
    for (u32 i = 0; i < p->uses.count; i++) {
        const struct system_use *use = system_use(page, p->uses.first + i);
        const char *service = use->builtin ? "builtin" : system_text(page, system_service(page, use->service)->name);
        printf(" uses:%s=%s%s%s", system_text(page, use->local), service, system_text(page, use->path),
               p->uses.first + i == p->stdio ? "*" : "");
    }
    for (u32 i = 0; i < p->devices.count; i++)
        printf(" device:%s", system_text_row(page, &page->devices, p->devices.first + i));
    printf("\n");
}

int main(void)
{
    const struct system_page *page = (const struct system_page *)buffer;
    size_t size = fread(buffer, 1, sizeof buffer, stdin);
    if (!system_page_valid(page, size)) {
        printf("invalid\n");
        return 1;
    }
    printf("system %s\n", system_text(page, page->name));
    for (u32 i = 0; i < page->programs.count; i++)
        print_program(page, system_program(page, i));
    return 0;
}
