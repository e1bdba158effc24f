/* base/milliseconds.h: times as people write them, in milliseconds with up to three decimals, and kept
 * in microseconds: "20", "1.5", "0.25".
 */
#ifndef BASE_MILLISECONDS_H
#define BASE_MILLISECONDS_H

#include <stdbool.h>

#include "base/bytes.h"

enum { MILLISECONDS_TEXT = 16, MILLISECONDS_MOST = 2000000 };

/* False: it is no such number, or more than |most_ms| (at most MILLISECONDS_MOST). */
bool milliseconds_parse(struct bytes text, int most_ms, int *out_us);

/* The shortest text that is parsed to |us| again (0 to MILLISECONDS_MOST milliseconds); |out| is
 * returned. */
const char *milliseconds_print(int us, char out[MILLISECONDS_TEXT]);

#endif
