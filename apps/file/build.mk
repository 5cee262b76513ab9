# Programs on files and directories.
$(foreach name,ls cat cp mv rm mkdir rmdir ln touch,$(call app,$(name),$(name).c))
