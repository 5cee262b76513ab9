# Ports of third-party software: sources come from Debian's source packages by ports/fetch, never from this tree.
# A port is one folder, ports/NAME/, whose build.mk says:
#
#   $(call port,NAME,PACKAGE,SHA256)             the source of Debian's PACKAGE, its upstream tarball's checksum pinned
#                                                -> $(build)/ports/NAME/src, there when $(port_NAME) is made
#   $(call port_lib,NAME,LIB,SOURCES,FLAGS,HEADERS,FOLDER)  a static library of it for POSIX programs
#                                                -> $(sysroot)/lib/libLIB.a, HEADERS in $(sysroot)/include/FOLDER
#
# SOURCES and HEADERS are relative to the port's source. $(sysroot) is filled by ports/musl first: headers are there
# when $(sysroot_headers) is made.

sysroot         := $(build)/sysroot
sysroot_headers := $(sysroot)/include/.installed

compiler_headers := $(shell $(TCC) -print-file-name=include 2>/dev/null)

# Third-party code is compiled for the target as it is: optimised, warnings are its authors' business.
port_flags = -O2 -g -w -march=rv64gc -mabi=lp64d -mcmodel=medany -fno-pic -fno-stack-protector -ffunction-sections \
             -fdata-sections -nostdinc -isystem $(sysroot)/include -isystem $(compiler_headers) -MMD -MP

port = $(eval $(call port_rule,$1,$2,$3))
define port_rule
port_$1 := $(build)/ports/$1/src/.tessera-version
$(build)/ports/$1/src/.tessera-version: $(here)/build.mk ports/fetch
	$$(call quiet,FETCH)ports/fetch $2 $3 $(build)/ports/$1/src
	@touch $$@
endef

port_lib = $(eval $(call port_lib_rule,$1,$2,$3,$4,$5,$(build)/ports/$1,$(sysroot)/include/$6))
define port_lib_rule
ifneq ($(wildcard ports/musl/build.mk),)
all_targets += $(sysroot)/lib/lib$2.a
endif
$6/obj/$2/%.o: $(port_$1) | $(sysroot_headers)
	@mkdir -p $$(@D)
	$$(call quiet,CC)$(TCC) $$(port_flags) $4 -I$6/src -c $6/src/$$*.c -o $$@
$(sysroot)/lib/lib$2.a: $(patsubst %.c,$6/obj/$2/%.o,$3)
	@mkdir -p $$(@D) $7
	$$(call quiet,AR)rm -f $$@ && $(TAR) rcs $$@ $$^
	@$(foreach h,$5,cp $6/src/$h $7 &&) true
endef
