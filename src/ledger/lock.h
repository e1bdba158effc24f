/* ledger/lock.h: one writing process per move directory.
 *
 * DIR/ledger.lock is flock'ed and holds the pid as text. The kernel gives the lock back when the
 * process ends, however it ends; the file itself stays.
 */
#ifndef LEDGER_LOCK_H
#define LEDGER_LOCK_H

#include "base/fault.h"

/* A descriptor that holds the lock until it is closed, or -1: FAULT_REFUSED names the other
 * process. */
int lock_take(const char *dir, struct fault *f);

/* The pid of who holds it, or 0. */
int lock_holder(const char *dir);

#endif
