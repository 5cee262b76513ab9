# Programs that tests put into the guest.
$(call posix_program,poke,poke.c)
