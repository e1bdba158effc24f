/* base/csv.h: CSV as RFC 4180 has it, LF line ends, UTF-8. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"

/* Appends one field; a comma before it unless |first|. Quoted only where it must be. A field that
 * begins with = + - @ or a tab is quoted with a leading ', so that a spreadsheet does not run it.
 */
void csv_field(struct buf *out, struct bytes field, bool first);
void csv_end(struct buf *out);

#endif
