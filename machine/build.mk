# Mosaic, the simulated machine: one host program from all folders below.
mosaic_folders := core mem dev board trace cli tcu noc accel tile
mosaic_sources := $(patsubst $(here)/%,%,$(filter-out %/tcu/doc.c,$(wildcard $(mosaic_folders:%=$(here)/%/*.c))))
$(call host_program,mosaic,$(mosaic_sources),-lfdt -lslirp -lpthread -lm)
$(call host_test,mosaic_fp,core/test/fp_test.c core/fp.c,-lmpfr -lgmp -lm,-frounding-math)
$(call host_test,mosaic_mem,mem/test/mem_test.c mem/event.c mem/bus.c mem/cache.c mem/dram.c mem/hierarchy.c \
  core/params.c dev/snapshot.c)
mosaic_parts := $(filter core/% mem/% dev/% board/%,$(mosaic_sources))
$(call host_test,mosaic_device,board/test/device_test.c board/test/fixture.c $(mosaic_parts),-lfdt -lm)
$(call host_test,mosaic_fuzz,board/test/fuzz_test.c board/test/fixture.c $(mosaic_parts),-lfdt -lm)
$(call host_test,mosaic_mmu,core/test/mmu_test.c board/test/fixture.c $(mosaic_parts),-lfdt -lm)
$(call host_test,mosaic_rows,core/test/rows_test.c board/test/fixture.c $(mosaic_parts),-lfdt -lm)
$(call host_test,mosaic_hooks,core/test/hooks_test.c board/test/fixture.c $(mosaic_parts) \
  $(patsubst $(here)/%,%,$(wildcard $(here)/core/test/ext_*.c)),-lfdt -lm,\
  '-DISA_EXTENSIONS_DEF="machine/core/test/extensions.def"')

# The same program with ThreadSanitizer, for the tests of parallel simulation.
mosaic_tsan_objects := $(call obj_path,$(host)/tsan,$(mosaic_sources))
$(eval $(call compile_rules,$(host)/tsan,$(HCC),$(host_flags) -O1 -fsanitize=thread))
all_targets += $(host)/tsan/mosaic
$(host)/tsan/mosaic: $(mosaic_tsan_objects)
	@mkdir -p $(@D)
	$(call quiet,LD)$(HCC) -fsanitize=thread $^ -lfdt -lslirp -lpthread -lm -o $@
