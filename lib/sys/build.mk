$(call native_lib,sys,utcb.c log.c)
