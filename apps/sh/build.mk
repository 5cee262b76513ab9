# The shell.
$(call app,sh,$(notdir $(wildcard $(here)/*.c)))
