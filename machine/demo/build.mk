# Bare-metal programs for core tiles, and the machines to run them on: see docs/tiles.md.
demo_common := start.S demo.c

# $(call demo_program,NAME,SOURCES) -> $(build)/demo/NAME
demo_program = $(eval $(call demo_program_rule,$1,$(call obj_path,$(build)/native,$2 $(demo_common))))
define demo_program_rule
all_targets += $(build)/demo/$1
$(build)/demo/$1: $2 $(top)/$(here)/demo.ld
	@mkdir -p $$(@D)
	$(TCC) -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack,--no-warn-rwx-segments \
	  -T $(top)/$(here)/demo.ld $2 -lgcc -o $$@
endef

$(call demo_program,ping,ping.c)
$(call demo_program,pong,pong.c)
$(call demo_program,chains,chains.c autonomous.c assisted.c)
$(call demo_program,windows,windows.c)
$(call demo_program,interrupts,interrupts.c)
$(call demo_program,crowd,crowd.c)
$(call demo_program,worker,worker.c)
