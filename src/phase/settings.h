/* phase/settings.h: everything an operator can set, as plain values.
 *
 * Filled by the cli from flags, environment (TENANTMOVE_…) and move.yaml, in this order, out of its
 * one option table. Strings are never NULL unless said; "" means not given. All memory belongs to
 * the cli.
 */
#ifndef PHASE_SETTINGS_H
#define PHASE_SETTINGS_H

#include <stdbool.h>

struct settings {
    const char *dir;    /* the move directory; "." */
    const char *source; /* organisation ids */
    const char *target;
    const char *profile;  /* path of a profile; "": the built-in one */
    const char *keyspace; /* "name=actual,…" or "actual" for sunbird's; "": as in the profile */

    const char *cassandra; /* "host[:port],…" or "embedded:PATH"; "" is an error */
    int cassandra_port;
    const char *cassandra_user;
    const char *cassandra_password; /* from file, environment or prompt */
    bool cassandra_tls;
    bool cassandra_tls_verify;
    const char *cassandra_ca_file; /* "": the system's */
    const char *cassandra_certificate_file, *cassandra_key_file;
    const char *consistency;
    const char *local_dc; /* "": the data center of the contact point that answers first */
    int protocol_version;
    bool compression;
    int in_flight;      /* requests to one node at once; 0: found by its answers */
    int max_rate;       /* rows read or written per second; 0: no limit */
    int max_latency_us; /* of the p99 of probe reads; 0: no limit */
    int rows_per_request;
    int request_timeout_ms;
    int page_rows;
    const char *filter; /* "auto", "client", "server": who leaves other tenants' rows out */
    int scan_ranges;    /* cut the ring into at least so many ranges; 0: chosen */

    const char *neo4j; /* "" : no graph */
    const char *neo4j_user, *neo4j_password, *neo4j_database;

    const char *elasticsearch; /* "": documents are not read back */
    const char *elasticsearch_user, *elasticsearch_password;
    const char *user_index, *organisation_index, *batch_index; /* "": found by asking */

    const char *sync_url;       /* "": no sync */
    const char *sync_batch_url; /* "": the same */
    const char *sync_key;
    const char *sync_batch_ids; /* "auto", "plain", "object" */
    bool sync_synchronous;
    int sync_block_size;
    int sync_pause_ms;

    int verify_timeout_s; /* how long to wait for documents while none becomes right */
    int max_errors;       /* rejected rows before apply stops */
    int max_passes;       /* of apply's converging */
    bool allow_empty;
    bool again; /* plan --again: the earlier plan is put aside */
};

#endif
