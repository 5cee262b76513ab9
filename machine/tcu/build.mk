# The program that prints the TCU's documentation; the model itself is part of mosaic.
$(call host_program,tcu-doc,doc.c,)

.PHONY: docs/tcu.md
docs/tcu.md: $(host)/bin/tcu-doc
	$< > $@
