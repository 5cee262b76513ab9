# What musl calls. Compiled against musl's headers, so that structures and numbers are those that programs see.
flags_lib_posix_ := -D_GNU_SOURCE
$(call posix_lib,posix,syscall.c start.c io.c session.c window.c file.c descriptor.c name.c path.c attribute.c \
  virtual.c memory.c thread.c futex.c time.c process.c signal.c signal_thread.c spawn.c program_file.c \
  start_block.c terminal.c poll.c system.c random.c arch/$(arch)/copy.S arch/$(arch)/thread.S arch/$(arch)/signal.S)
