tess_sources := start.c env.c slot.c server.c heap.c heap_pages.c log.c time.c rm.c thread.c tls.c program.c elf.c \
                loader.c nursery.c entry.c
$(call native_lib,tess,$(tess_sources) arch/$(arch)/cpu.c arch/$(arch)/start.S arch/$(arch)/thread.S)
