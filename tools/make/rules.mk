# What a folder's build.mk may say. `here` is the folder; sources are given relative to it.
#
#   $(call native_lib,NAME,SOURCES)              library for target programs            -> $(build)/lib/libNAME.a
#   $(call native_program,NAME,SOURCES,LIBS)     program on lib/tess without libc       -> $(build)/bin/NAME
#   $(call posix_lib,NAME,SOURCES)               library for programs on musl            -> $(build)/lib/libNAME.a
#   $(call first_task,FILE,SOURCES,LIBS)         program that boots in place of root, on nothing but the kernel -> FILE
#   $(call posix_program,NAME,SOURCES,LIBS)      program on musl and lib/posix          -> $(build)/apps/NAME
#   $(call host_lib,NAME,SOURCES,FLAGS)          host library                           -> $(host)/lib/libNAME.a
#   $(call host_program,NAME,SOURCES,LIBS,FLAGS) host program                           -> $(host)/bin/NAME
#   $(call app,NAME,SOURCES,LIBS)                plain POSIX program, for host and target
#                                                              -> $(host)/apps/NAME, $(build)/apps/NAME
#   $(call host_test,NAME,SOURCES,LIBS,FLAGS)    cmocka test, with sanitizers           -> $(host)/test/NAME
#
# ldflags_NAME may hold more options for the linking of a native program, set before the call.
#
# LIBS are names of libraries of the same kind, or -l options. SOURCES of a host_test are compiled anew with
# sanitizers, whatever folder they stand in (name them relative to the top with a leading /).

comma := ,

# Commands are shown by a short line each; `make V=1` shows them whole.
quiet = $(if $(V),,@echo '  $1  $@';)

# source path (relative to here, or /relative-to-top) -> path relative to the top
src_path = $(foreach s,$1,$(if $(filter /%,$s),$(patsubst /%,%,$s),$(here)/$s))
obj_path = $(patsubst %,$1/obj/%.o,$(basename $(call src_path,$2)))

# One compile rule per object tree: (tree, compiler, flags)
define compile_rules
$1/obj/%.o: %.c | generate
	@mkdir -p $$(@D)
	$$(call quiet,CC)$2 $3 $$(flags_$$(subst /,_,$$(dir $$*))) -c $$< -o $$@
$1/obj/%.o: %.S | generate
	@mkdir -p $$(@D)
	$$(call quiet,AS)$2 $3 -D__ASSEMBLER__ -c $$< -o $$@
endef

native_lib = $(eval $(call native_lib_rule,$1,$(call obj_path,$(build)/native,$2)))
define native_lib_rule
all_targets += $(build)/lib/lib$1.a
$(build)/lib/lib$1.a: $2
	@mkdir -p $$(@D)
	$$(call quiet,AR)rm -f $$@ && $(TAR) rcs $$@ $$^
endef

native_program = $(eval $(call native_program_rule,$1,$(call obj_path,$(build)/native,$2),$3))
define native_program_rule
native_programs += $1
all_targets += $(build)/bin/$1
$(build)/bin/$1: $2 $(foreach l,$3 $(native_base_libs),$(build)/lib/lib$l.a) $(top)/lib/sys/program.ld
	@mkdir -p $$(@D)
	$$(call quiet,LD)$(TCC) $(link_flags) -T $(top)/lib/sys/program.ld $(ldflags_$1) \
	  $2 -L$(build)/lib -Wl,--start-group $(foreach l,$3 $(native_base_libs),-l$l) -lgcc -Wl,--end-group -o $$@
endef
native_base_libs := tess sys base

first_task = $(eval $(call first_task_rule,$1,$(call obj_path,$(build)/native,$2),$3))
define first_task_rule
all_targets += $1
$1: $2 $(foreach l,$3 sys base,$(build)/lib/lib$l.a) lib/sys/program.ld
	@mkdir -p $$(@D)
	$$(call quiet,LD)$(TCC) $(link_flags) \
	  -Wl,--defsym,program_base=0x2000000000 -T lib/sys/program.ld \
	  $2 -L$(build)/lib -Wl,--start-group $(foreach l,$3 sys base,-l$l) -lgcc -Wl,--end-group -o $$@
endef

# Programs on musl: its headers come first, then the libraries of ports/, then ours. lib/posix is one of these itself.
posix_lib = $(eval $(call posix_lib_rule,$1,$(call obj_path,$(build)/posix,$2)))
define posix_lib_rule
all_targets += $(build)/lib/lib$1.a
$2: | $(sysroot_headers)
$(build)/lib/lib$1.a: $2
	@mkdir -p $$(@D)
	$$(call quiet,AR)rm -f $$@ && $(TAR) rcs $$@ $$^
endef

posix_program = $(eval $(call posix_program_rule,$1,$(call obj_path,$(build)/posix,$2),$3))
define posix_program_rule
all_targets += $(build)/apps/$1
$2: | $(sysroot_headers) $(foreach l,$3,$(sysroot)/lib/lib$l.a)
$(build)/apps/$1: $2 $(foreach l,$3 c,$(sysroot)/lib/lib$l.a) $(foreach l,$(posix_base_libs),$(build)/lib/lib$l.a)
	@mkdir -p $$(@D)
	$$(call quiet,LD)$(TCC) $(link_flags) \
	  $(sysroot)/lib/crt1.o $(sysroot)/lib/crti.o $2 -L$(sysroot)/lib -L$(build)/lib -Wl,--start-group \
	  $(foreach l,$3,-l$l) -lc $(addprefix -l,$(posix_base_libs)) -lgcc -Wl,--end-group $(sysroot)/lib/crtn.o -o $$@
endef
posix_base_libs := posix tess sys base-hosted

host_lib = $(eval $(call host_lib_rule,$1,$(call obj_path,$(host)/plain,$2),$3))
define host_lib_rule
all_targets += $(host)/lib/lib$1.a
$(2): HOST_EXTRA += $3
$(host)/lib/lib$1.a: $2
	@mkdir -p $$(@D)
	$$(call quiet,AR)rm -f $$@ && ar rcs $$@ $$^
endef

host_program = $(eval $(call host_program_rule,$1,$(call obj_path,$(host)/plain,$2),$3,$4))
define host_program_rule
all_targets += $(host)/bin/$1
$2: HOST_EXTRA += $4
$(host)/bin/$1: $2 $(foreach l,$(filter-out -l%,$3),$(host)/lib/lib$l.a)
	@mkdir -p $$(@D)
	$$(call quiet,LD)$(HCC) $2 $(foreach l,$(filter-out -l%,$3),$(host)/lib/lib$l.a) $(filter -l%,$3) -o $$@
endef

# An app is built from the same sources, apps/lib included, for the host (also with sanitizers, for the tests) and for
# the target. Its LIBS are bare names of libraries (png, z, m): Debian's on the host, those of ports/ on the target.
app = $(eval posix_programs += $1)$(call app_host,$1,$2 $(app_lib),$3)$(call posix_program,$1,$2 $(app_lib),$3)
app_host = $(eval $(call app_host_rule,$1,apps,$(call obj_path,$(host)/plain,$2),$3))$(eval \
  $(call app_host_rule,$1,san/apps/bin,$(call obj_path,$(host)/san/apps,$2),asan ubsan $3))
app_lib := $(patsubst %,/%,$(sort $(wildcard apps/lib/*.c)))
define app_host_rule
all_targets += $(host)/$2/$1
$(host)/$2/$1: $3
	@mkdir -p $$(@D)
	$$(call quiet,LD)$(HCC) $3 $(addprefix -l,$4) -o $$@
endef

# Each test has an object tree of its own, so that two tests may build one source with different flags.
host_test = $(eval $(call host_test_rule,$1,$(call obj_path,$(host)/san/$1,$2),$3,$4))
define host_test_rule
all_targets += $(host)/test/$1
host_tests  += $(host)/test/$1
$(call compile_rules,$(host)/san/$1,$(HCC),$(host_san_flags) $4)
$(host)/test/$1: $2
	@mkdir -p $$(@D)
	$$(call quiet,LD)$(HCC) -fsanitize=address,undefined $2 $(filter -%,$3) -lcmocka -o $$@
endef

$(eval $(call compile_rules,$(build)/native,$(TCC),$(native_flags)))
$(eval $(call compile_rules,$(build)/posix,$(TCC),$(posix_flags) -nostdinc \
  -isystem $$(sysroot)/include -isystem $$(compiler_headers)))
$(eval $(call compile_rules,$(host)/san/apps,$(HCC),$(host_san_flags)))
$(eval $(call compile_rules,$(host)/plain,$(HCC),$(host_flags) $$(HOST_EXTRA)))
