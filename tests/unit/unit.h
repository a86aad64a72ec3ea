/* Shape of a unit test program: tests in tables, one runner. */
#pragma once

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* Runs a suite -> the exit code. */
static inline int unit_run(Suite *s)
{
	SRunner *r = srunner_create(s);

	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define UNIT_MAIN(name, ...)                                            \
	int main(void)                                                  \
	{                                                               \
		const TTest *const tests[] = { __VA_ARGS__ };           \
		Suite *s = suite_create(name);                          \
		TCase *tc = tcase_create(name);                         \
		tcase_set_timeout(tc, 60);                              \
		for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) \
			tcase_add_test(tc, tests[i]);                   \
		suite_add_tcase(s, tc);                                 \
		return unit_run(s);                                     \
	}
