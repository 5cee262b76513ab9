# musl: the C library of POSIX programs. Its portable sources are built as they come; overlay/ replaces those files of
# its riscv64 architecture that would enter the kernel, by musl's own rule that src/*/ARCH/NAME stands for src/*/NAME.
# What they call is lib/posix. Fills $(sysroot) with headers, libc.a, empty libm.a and libpthread.a, and crt1.o.
$(call port,musl,musl,7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4)

musl_src     := $(build)/ports/musl/src
musl_obj     := $(build)/ports/musl/obj
musl_overlay := $(shell find ports/musl/overlay -type f)
musl_libc    := $(sysroot)/lib/libc.a

musl_flags := -O2 -g -march=rv64gc -mabi=lp64d -mcmodel=medany -fno-pic -fno-pie -fno-stack-protector \
              -ffunction-sections -fdata-sections -I$(top)

# Overlaid, configured, headers installed.
$(sysroot_headers): $(port_musl) $(musl_overlay) ports/musl/build.mk lib/posix/spawn.h
	@cp -r ports/musl/overlay/. $(musl_src)
	@rm -rf $(musl_obj) && mkdir -p $(musl_obj)
	$(call quiet,CONFIG)cd $(musl_obj) && $(top)/$(musl_src)/configure --target=riscv64 --disable-shared \
	  --disable-wrapper --prefix=/ CC=$(TCC) AR=$(TAR) RANLIB=$(CROSS)ranlib CFLAGS='$(musl_flags)' \
	  >configure.log 2>&1 || { cat configure.log; false; }
	+@$(MAKE) -s -C $(musl_obj) install-headers DESTDIR=$(top)/$(sysroot) >/dev/null
	@touch $@

$(musl_libc): $(sysroot_headers)
	+$(call quiet,MUSL)$(MAKE) -s -C $(musl_obj) install-libs DESTDIR=$(top)/$(sysroot) >$(musl_obj)/make.log 2>&1 || \
	  { tail -30 $(musl_obj)/make.log; false; }
	@touch $@
$(sysroot)/lib/crt1.o: $(musl_libc)

$(sysroot)/lib/libm.a $(sysroot)/lib/libpthread.a: $(musl_libc)

all_targets += $(musl_libc)
