# Programs on text and streams of bytes.
text_programs := clear echo printf wc head tail hexdump tee cmp seq yes grep sort uniq cut tr
$(foreach name,$(text_programs),$(call app,$(name),$(name).c))
