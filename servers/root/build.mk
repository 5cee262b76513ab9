ldflags_root := -Wl,--defsym,program_base=0x2000000000
$(call native_program,root,main.c frame.c pages.c quota.c ram.c area.c allocator.c archive.c rom.c devicetree.c hw.c \
  arch/$(arch)/start.S)
