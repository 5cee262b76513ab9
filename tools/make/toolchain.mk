# Compilers and flags. Target code is built by the cross compiler, Mosaic, tools and unit tests by the host's.

CROSS   ?= riscv64-linux-gnu-
TCC     := $(CROSS)gcc
TAR     := $(CROSS)ar
HCC     ?= gcc
PYTHON  ?= /usr/bin/python3

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wno-unused-parameter
includes := -I$(top) -I$(top)/lib -I$(build)/gen
arch_includes = -I$(top)/lib/sys/arch/$1 -I$(top)/lib/drv/arch/$1

common_flags := -std=gnu11 -g $(warnings) $(includes) -fno-strict-aliasing -fno-common -MMD -MP
mode_flags_release := -O2
mode_flags_debug   := -O1 -DDEBUG

# User programs on lib/tess: freestanding, static, at a fixed address.
native_flags := $(common_flags) $(call arch_includes,$(arch)) $(mode_flags_$(mode)) -march=rv64gc -mabi=lp64d \
                -mcmodel=medany -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables \
                -ffunction-sections -fdata-sections

# User programs on musl: the same, but for a libc that the compiler may know.
posix_flags := $(filter-out -ffreestanding,$(native_flags)) -fno-pie

# Host programs, and the same with sanitizers for unit tests.
host_flags     := $(common_flags) $(call arch_includes,host) -O2 -I$(host)/gen
host_san_flags := $(common_flags) $(call arch_includes,host) -O1 -I$(host)/gen -fsanitize=address,undefined \
                  -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# How every target program and the kernel are linked.
link_flags := -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096,-z,noexecstack
