# Text and data stand where lib/tess/start.h says: SPACE_RM_TEXT and SPACE_RM_DATA.
ldflags_rm := -Wl,--defsym,program_base=0x3ffff00000,--defsym,program_data=0x3ffff40000
$(call native_program,rm,main.c region.c memory.c fault.c load.c arch/$(arch)/start.S arch/$(arch)/cause.c)
