# make test: one pytest session over tests/. It collects the host's unit tests, the tools' and the scripted boots.

.PHONY: test lint
test: all                          ## run all tests
	TESSERA_HOST_TESTS="$(host_tests)" TESSERA_BUILD=$(top)/$(build) TESSERA_HOST=$(top)/$(host) \
	  $(PYTHON) -m pytest -c tests/pytest.ini --rootdir=tests $(addprefix tests/,$(or $(tests),.)) $(pytest_flags)
lint: $(lint_stamps) $(kernel_image)               ## check the rules of the tree that a machine can check
	@tools/lint --sizes
	@tools/stack $(kernel_image) --objdump $(CROSS)objdump
