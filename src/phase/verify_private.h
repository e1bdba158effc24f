/* phase/verify_private.h: the witnesses that verify hears. */
#ifndef PHASE_VERIFY_PRIVATE_H
#define PHASE_VERIFY_PRIVATE_H

#include "phase/write_private.h"

/* verify_changes.c: every change that was carried out, read once more. */
bool verify_changes(struct move *m, const struct move_rules *rules, struct verify_result *out,
                    struct fault *f);

/* proof.c: DIR/proof.json, with the digest of its own content. */
bool proof_write(struct move *m, const struct references *left, struct verify_result *out,
                 struct fault *f);

#endif
