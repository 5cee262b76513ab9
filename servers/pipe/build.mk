$(call native_program,pipe,main.c ring.c)
