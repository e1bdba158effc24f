/* move/profile.h: the rules of a move, as YAML text and as structs.
 *
 *   keyspaces: { sunbird: sunbird, courses: sunbird_courses }   names that `table:` may use; an option overrides them
 *   rules:
 *     - rule: user                       unique name
 *       table: sunbird.user              keyspace (or a name from `keyspaces`) and table
 *       find: { column: rootorgid, equals: $source.id }
 *       set:  { rootorgid: $target.id, channel: $target.channel }
 *       sync: { object: user, id: id }
 *     - rule: membership
 *       table: sunbird.user_organisation
 *       find: { key: organisationid, equals: $source.id }
 *       set:  { organisationid: $target.id, hashtagid: $target.hashtagid }
 *       collision: merge                 keep-target | merge | stop (for references in the key)
 *       merge: { live: isdeleted, earliest: [orgjoindate], union: [roles] }
 *       sync: { object: user, id: userid }
 *       personal: [addedbyname]          columns that reports mask
 *     - rule: batch
 *       table: courses.course_batch
 *       find: { list: createdfor, contains: $source.id }
 *       replace: { list: createdfor, from: $source.id, to: $target.id }
 *       sync: { object: batch, id: { courseId: courseid, batchId: batchid } }
 *     - rule: content
 *       label: domain                    a graph rule: label in place of table
 *       id: IL_UNIQUE_ID
 *       find: { property: channel, equals: $source.hashtagid }
 *       set: { channel: $target.hashtagid }
 *       replace: { list: createdFor, from: $source.id, to: $target.id }
 *     - rule: old-organisation
 *       table: sunbird.organisation
 *       find: { key: id, equals: $source.id }
 *       set: { status: 0 }
 *       phase: retire                    move (default) | retire
 *     - rule: consent
 *       table: sunbird.user_consent
 *       find: { key: consumer_id, equals: $source.id }
 *       leave: "a consent is given to one organisation"
 *
 * Values: $source.id|name|channel|hashtagid, $target.…, or a literal.
 * `find: {key: …}` with `set` of other columns only is an update of the row with that key (no move).
 */
#ifndef MOVE_PROFILE_H
#define MOVE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "move/table.h"
#include "move/tenant.h"

enum { PROFILE_RULES_MAX = 64, RULE_SET_MAX = 16, PROFILE_TEXT_MAX = 1024 * 1024 };

enum find_kind { FIND_COLUMN, FIND_KEY, FIND_LIST, FIND_PROPERTY };
enum collision_policy { COLLISION_STOP, COLLISION_KEEP_TARGET, COLLISION_MERGE };
enum rule_phase { RULE_MOVE, RULE_RETIRE };
enum sync_object { SYNC_NONE, SYNC_USER, SYNC_ORGANISATION, SYNC_BATCH };

/* A value in a rule: a literal, or a field of one of the two organisations. */
struct expression {
    bool is_reference;
    bool of_target; /* else of the source */
    enum { FIELD_ID, FIELD_NAME, FIELD_CHANNEL, FIELD_HASHTAGID } field;
    struct bytes literal;
};

struct assignment {
    char column[NAME_TEXT_MAX];
    struct expression value;
};

struct rule {
    char name[NAME_TEXT_MAX];
    char keyspace[NAME_TEXT_MAX]; /* resolved through `keyspaces` and options; graph rule: empty */
    char table[NAME_TEXT_MAX];    /* table, or the label of a graph rule */
    bool is_graph;
    char node_id[NAME_TEXT_MAX]; /* graph: the property that names a node */
    enum find_kind find;
    char find_column[NAME_TEXT_MAX];
    struct expression find_value;
    struct assignment set[RULE_SET_MAX];
    int set_count;
    bool has_replace;
    char replace_list[NAME_TEXT_MAX];
    struct expression replace_from, replace_to;
    enum collision_policy collision;
    char merge_live[NAME_TEXT_MAX]; /* boolean column: false (live) beats true; empty: none */
    char merge_earliest[RULE_SET_MAX][NAME_TEXT_MAX]; /* text columns: the smaller value wins */
    int merge_earliest_count;
    /* list columns: the target's elements, then new ones of the source */
    char merge_union[RULE_SET_MAX][NAME_TEXT_MAX];
    int merge_union_count;
    enum sync_object sync;
    char sync_id[NAME_TEXT_MAX]; /* column whose value is the object's id (batch: the batch id) */
    /* batch rows of the newer course service: the course id column; else empty */
    char sync_course_id[NAME_TEXT_MAX];
    /* columns of people: reports say that there is a value, not which */
    char personal[RULE_SET_MAX][NAME_TEXT_MAX];
    int personal_count;
    enum rule_phase phase;
    char *leave; /* not NULL: counted and reported, never changed */
    int line;    /* of the YAML, for messages */
};

struct profile {
    struct rule *rules;
    int rule_count;
    struct bytes text; /* as read, for the ledger and its hash */
};

/* One `--keyspace name=actual`, or the plain `--keyspace actual`, which stands for name "sunbird". */
struct keyspace_map {
    const char *name;
    const char *actual;
};

/* Reads a profile. |source_name| is for messages ("profile.yaml"). FAULT_USAGE with "file:line" as the subject for
 * an unknown key, a wrong type, a missing key, a rule named twice, an unknown $reference. All memory in |a|. */
bool profile_parse(struct profile *p, struct bytes yaml, const char *source_name,
                   const struct keyspace_map *keyspaces, int keyspace_count, struct arena *a,
                   struct fault *f);

/* The text of the built-in Sunbird profile (profiles/sunbird.yaml). */
struct bytes profile_builtin(void);

/* A rule's expression for these two tenants; borrowed. Null when the tenant has no such value. */
struct bytes expression_value(const struct expression *e, const struct tenant *source,
                              const struct tenant *target);

/* A rule bound to a live table: every name is a column number, every value is in the column's serialization. */
struct bound_rule {
    const struct rule *rule;
    const struct table *table;
    int find_column;
    struct bytes find_value;
    int set_column[RULE_SET_MAX];
    struct bytes set_value[RULE_SET_MAX];
    int set_count; /* columns that this cluster does not have are left out, see |missing| */
    int replace_column;
    struct bytes replace_from, replace_to;
    bool moves_row; /* the key changes */
    int merge_live; /* column number or -1 */
    int merge_earliest[RULE_SET_MAX];
    int merge_earliest_count;
    int merge_union[RULE_SET_MAX];
    int merge_union_count;
    int sync_id, sync_course_id; /* column numbers or -1 */
    char missing[256]; /* names of optional columns that the table does not have; empty: none */
};

/* Binds |r| to |t|. FAULT_SCHEMA when the find column is not there, has a type that cannot hold the value, the
 * table has counters, or find: {key} names a column outside the key; FAULT_REFUSED when a value that the rule
 * needs is empty (target channel, hashtagid). */
bool rule_bind(struct bound_rule *b, const struct rule *r, const struct table *t,
               const struct tenant *source, const struct tenant *target, struct arena *a,
               struct fault *f);

/* Which columns a scan for this rule must read: sets |selected|[column_count]. Keys always; for a row move all. */
void rule_select(const struct bound_rule *b, bool *selected);

#endif
