/* seed/put.h: writes or deletes single cells and rows, for tests that need an odd one. */
#ifndef SEED_PUT_H
#define SEED_PUT_H

#include <stdbool.h>

#include "base/fault.h"
#include "store/store.h"

/* |words|: COLUMN=VALUE, the whole key among them; a value is text, with \xNN for any byte, a number or true or
 * false as the column is, or null: the cell is deleted. |whole_row|: the row is deleted, the words are its key.
 * |timestamp| 0: now. Without any cell: an INSERT of the key alone. */
bool put_row(struct store *s, const char *keyspace, const char *name, char **words, int count,
             bool whole_row, int64_t timestamp, struct fault *f);

#endif
