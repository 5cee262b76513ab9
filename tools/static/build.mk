# Static analysis, file by file: what has not changed since is not looked at again. `make lint` asks for all stamps.

lint_out := $(build)/lint
lint_native := $(shell find lib servers drivers -name '*.c' ! -path 'lib/posix/*' ! -path '*/arch/*')
lint_posix := $(wildcard lib/posix/*.c)
lint_kernel := $(wildcard kernel/*.c kernel/arch/$(arch)/*.c)
lint_machine := $(if $(filter machine,$(lint)),$(shell find machine -name '*.c')) # make lint lint=machine
lint_stamps := $(patsubst %.c,$(lint_out)/%.ok,$(lint_kernel) $(lint_native) $(lint_posix) $(lint_machine))

# What a file is compiled with; includes come as build/obj rules give them.
$(patsubst %.c,$(lint_out)/%.ok,$(lint_kernel)): lint_flags = --gcc $(TCC) --target riscv64-linux-gnu -- $(kernel_flags)
$(patsubst %.c,$(lint_out)/%.ok,$(lint_native)): lint_flags = --gcc $(TCC) --target riscv64-linux-gnu -- \
  $(native_flags) $(flags_$(subst /,_,$(dir $*)))
$(patsubst %.c,$(lint_out)/%.ok,$(lint_posix)): lint_flags = --gcc $(TCC) --target riscv64-linux-gnu -- \
  $(posix_flags) -nostdinc -isystem $(sysroot)/include -isystem $(compiler_headers) $(flags_$(subst /,_,$(dir $*)))
$(patsubst %.c,$(lint_out)/%.ok,$(lint_machine)): lint_flags = --gcc $(HCC) -- $(host_flags)

$(lint_out)/%.ok: %.c tools/analyze tools/analyze.exceptions | generate $(sysroot_headers)
	$(call quiet,LINT)tools/analyze $< $@ $(lint_flags)
