// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test results as KTAP lines.
 */
#include "tap.h"

int tap_failed;
static int count;

bool tap(bool good, const char *format, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++count);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	if (!good)
		tap_failed++;
	return good;
}

/* More about the result before. */
void tap_note(const char *format, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

/* The plan comes last; what main() returns. */
int tap_end(void)
{
	printf("1..%d\n", count);
	return tap_failed ? 1 : 0;
}
