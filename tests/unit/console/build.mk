$(call host_test,console_discipline,test_discipline.c /servers/console/discipline.c)
