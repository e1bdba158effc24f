#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_talk.h"

static void the_certificate_must_be_for_the_host(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    static const char *const right[] = {"db.example",      "DB.example",     "db.example.",
                                        "n1.ring.example", "127.0.0.1",      "::1",
                                        "::1%lo",          "0:0:0:0:0:0:0:1"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        accepted(&plain_server, &o, right[i]);
    static const char *const wrong[] = {
        "node",      "example", "a.b.ring.example",  "ring.example",
        "127.0.0.2", "::2",     "127.0.0.1.example", "db.example.evil"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(
            &plain_server, &o, wrong[i], FAULT_REFUSED,
            "the server's certificate is for db.example, *.ring.example, 127.0.0.1, ::1, not for ",
            wrong[i]);
    struct pair old = pki_make(&pki, &(struct wish){.name = "old.example", .by = &ca});
    struct server_wish w = {.pair = &old};
    accepted(&w, &o, "old.example");
    refused(&w, &o, "127.0.0.1", FAULT_REFUSED, "is for old.example, not for 127.0.0.1", "");
    pair_free(&old);
}

static void a_certificate_with_very_many_names_is_cut_short(void **state)
{
    (void)state;
    struct buf names;
    struct tls_options o = trusting();
    buf_init(&names, 65536);
    for (int i = 0; i < 100; i++)
        buf_printf(&names, "%sDNS:node-%d.example", i ? "," : "", i);
    struct pair many =
        pki_make(&pki, &(struct wish){.name = "n", .alternatives = buf_text(&names), .by = &ca});
    refused(&(struct server_wish){.pair = &many}, &o, "db.example", FAULT_REFUSED,
            "…, not for db.example", "");
    buf_fini(&names);
    pair_free(&many);
}

static void an_unknown_ca_is_refused_and_named(void **state)
{
    (void)state;
    struct tls_options o = trusting(), system = {.verify = true, .prefix = "cassandra"};
    struct pair foreign = pki_make(
        &pki, &(struct wish){.name = "x", .alternatives = "DNS:db.example", .by = &other_ca});
    struct server_wish w = {.pair = &foreign}, with_ca = {.pair = &foreign, .more = &other_ca};
    refused(&w, &o, "db.example", FAULT_REFUSED, "not trusted: another CA", "cassandra-ca-file");
    refused(&with_ca, &o, "db.example", FAULT_REFUSED, "not trusted: another CA",
            "cassandra-ca-file");
    refused(&plain_server, &system, "db.example", FAULT_REFUSED, "not trusted: the CA",
            "cassandra-ca-file");
    pair_free(&foreign);
}

static void a_self_signed_certificate_must_be_named(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    struct pair own =
        pki_make(&pki, &(struct wish){.name = "lone", .alternatives = "IP:127.0.0.1"});
    struct server_wish w = {.pair = &own};
    refused(&w, &o, "127.0.0.1", FAULT_REFUSED, "is signed by itself (lone)", "cassandra-ca-file");
    o.ca_file = pki_write(&pki, &own, NULL, false);
    accepted(&w, &o, "127.0.0.1");
    refused(&w, &o, "db.example", FAULT_REFUSED, "is for 127.0.0.1, not for db.example", "");
    pair_free(&own);
}

static void a_ca_below_another_may_be_named_alone(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    struct pair below = pki_make(&pki, &(struct wish){.name = "below", .by = &ca, .is_ca = true});
    struct pair leaf = pki_make(
        &pki, &(struct wish){.name = "leaf", .alternatives = "DNS:db.example", .by = &below});
    struct server_wish alone = {.pair = &leaf}, whole = {.pair = &leaf, .more = &below};
    accepted(&whole, &o, "db.example");
    refused(&alone, &o, "db.example", FAULT_REFUSED, "not trusted: below", "cassandra-ca-file");
    o.ca_file = pki_write(&pki, &below, NULL, false);
    accepted(&alone, &o, "db.example");
    pair_free(&below);
    pair_free(&leaf);
}

static void dates_are_checked_and_said(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    struct pair old = pki_make(&pki, &(struct wish){.name = "old",
                                                    .alternatives = "DNS:db.example",
                                                    .by = &ca,
                                                    .from_s = -9 * DAY,
                                                    .until_s = -DAY});
    struct pair early = pki_make(&pki, &(struct wish){.name = "early",
                                                      .alternatives = "DNS:db.example",
                                                      .by = &ca,
                                                      .from_s = DAY,
                                                      .until_s = 9 * DAY});
    refused(&(struct server_wish){.pair = &old}, &o, "db.example", FAULT_REFUSED,
            "the server's certificate expired on 2", "clock");
    refused(&(struct server_wish){.pair = &early}, &o, "db.example", FAULT_REFUSED,
            "the server's certificate is not valid before 2", "clock");
    struct pair old_ca = pki_make(
        &pki,
        &(struct wish){.name = "tired CA", .is_ca = true, .from_s = -9 * DAY, .until_s = -DAY});
    struct pair leaf = pki_make(
        &pki, &(struct wish){.name = "leaf", .alternatives = "DNS:db.example", .by = &old_ca});
    o.ca_file = pki_write(&pki, &old_ca, NULL, false);
    refused(&(struct server_wish){.pair = &leaf}, &o, "db.example", FAULT_REFUSED,
            "the certificate of the server's CA tired CA expired on 2", "clock");
    pair_free(&old);
    pair_free(&early);
    pair_free(&old_ca);
    pair_free(&leaf);
}

static void without_verifying_anybody_is_the_server(void **state)
{
    (void)state;
    struct tls_options o = {.ca_file = "/nonexistent", .prefix = "cassandra"};
    struct pair old =
        pki_make(&pki, &(struct wish){.name = "o", .from_s = -9 * DAY, .until_s = -DAY});
    accepted(&(struct server_wish){.pair = &old}, &o, "db.example");
    pair_free(&old);
}

static void a_server_that_wants_our_certificate_gets_it(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    o.certificate_file = pki_write(&pki, &client, NULL, true);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        accepted(&(struct server_wish){.pair = &good, .client_ca = &ca, .version = version}, &o,
                 "db.example");
    o.certificate_file = pki_write(&pki, &client, NULL, false);
    o.key_file = pki_write_key(&pki, &client, NULL);
    accepted(&(struct server_wish){.pair = &good, .client_ca = &ca}, &o, "db.example");
    accepted(&plain_server, &o, "db.example"); /* it need not ask */
}

static void a_server_that_wants_a_certificate_and_gets_none_says_so(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
        refused(&(struct server_wish){.pair = &good, .client_ca = &ca, .version = version}, &o,
                "db.example", FAULT_DENIED, "wants a certificate from us, and none is given",
                "set cassandra-certificate-file and cassandra-key-file");
}

static void our_certificate_may_be_refused(void **state)
{
    (void)state;
    struct pair old =
        pki_make(&pki, &(struct wish){.name = "o", .by = &ca, .from_s = -9 * DAY, .until_s = -DAY});
    const char *files[] = {pki_write(&pki, &client, NULL, true), pki_write(&pki, &old, NULL, true)};
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_options o = trusting();
        o.certificate_file = files[0];
        refused(&(struct server_wish){.pair = &good, .client_ca = &other_ca, .version = version},
                &o, "db.example", FAULT_DENIED, "does not trust the CA that signed our certificate",
                "cassandra-certificate-file");
        o.certificate_file = files[1];
        refused(&(struct server_wish){.pair = &good, .client_ca = &ca, .version = version}, &o,
                "db.example", FAULT_DENIED, "our certificate has expired",
                "cassandra-certificate-file");
    }
    pair_free(&old);
}

static void a_cut_after_our_certificate_is_not_taken_for_an_end(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    struct fault f;
    for (int has = 0; has < 2; has++) {
        struct talk t;
        o.certificate_file = has ? pki_write(&pki, &client, NULL, true) : NULL;
        talk_open(&t, &(struct server_wish){.pair = &good, .client_ca = &ca}, &o, "db.example");
        assert_true(tls_start(t.tls, &t.f));
        server_step(&t);
        client_step(&t); /* the server has not yet seen our side */
        assert_int_equal(t.opened, 1);
        fault_set(&f, FAULT_UNREACHABLE, "the connection broke");
        tls_cut(t.tls, &f);
        assert_int_equal(f.code, FAULT_UNREACHABLE); /* it may be a server that goes down */
        assert_non_null(strstr(f.text, "asked for our certificate"));
        assert_non_null(strstr(f.hint, has ? "trust cassandra-certificate-file"
                                           : "set cassandra-certificate-file"));
        talk_close(&t);
    }
}

static void a_server_of_yesterday_is_refused(void **state)
{
    (void)state;
    struct tls_options o = trusting();
    refused(&(struct server_wish){.pair = &good, .version = TLS1_1_VERSION}, &o, "db.example",
            FAULT_UNSUPPORTED, "speaks neither TLS 1.2 nor 1.3", "TLS 1.2 or newer");
    refused(&(struct server_wish){.pair = &good,
                                  .version = TLS1_3_VERSION,
                                  .suites = "TLS_AES_128_CCM_8_SHA256"},
            &o, "db.example", FAULT_UNSUPPORTED, "knows no TLS cipher that we know too", "ciphers");
}

/* Wherever the connection is cut, nothing is taken for the end, and nothing is told that was not
 * whole. */
/* OpenSSL 3.0 takes two small blocks for the frame of each record that it writes. */
/* ---- our own files ---- */

static void no_context(const struct tls_options *o, const char *text, const char *subject)
{
    struct fault f = {0};
    assert_null(tls_context_new(o, &f));
    assert_int_equal(f.code, FAULT_USAGE);
    if (!strstr(f.text, text))
        fail_msg("\"%s\" in place of \"%s\"", f.text, text);
    assert_string_equal(f.subject, subject);
    assert_int_equal(ERR_peek_error(), 0);
}

static void files_that_cannot_be_used_are_named(void **state)
{
    (void)state;
    const char *both = pki_write(&pki, &client, NULL, true);
    const char *certificate = pki_write(&pki, &client, NULL, false);
    const char *key = pki_write_key(&pki, &client, NULL);
    const char *foreign = pki_write_key(&pki, &good, NULL);
    const char *encrypted = pki_write_key(&pki, &client, "a pass phrase");
    const char *text = pki_path(&pki, "text");
    FILE *file = fopen(text, "w");
    fputs("no PEM\n", file);
    fclose(file);
    static const char none[] = "/nonexistent/ca.pem";
    char pair[300];

    struct tls_options o = {.verify = true, .prefix = "cassandra", .ca_file = none};
    no_context(&o, "could not open the file of the CA: No such file", none);
    o.ca_file = pki.dir;
    no_context(&o, "is a directory", pki.dir);
    o.ca_file = text;
    no_context(&o, "there is no certificate of a CA in PEM form", text);
    o.ca_file = key;
    no_context(&o, "there is no certificate of a CA in PEM form", key);

    o = (struct tls_options){.verify = true, .prefix = "cassandra", .certificate_file = none};
    no_context(&o, "could not open the file of our certificate: No such file", none);
    o.certificate_file = text;
    no_context(&o, "there is no certificate in PEM form", text);
    o.certificate_file = certificate;
    no_context(&o, "there is no private key in PEM form", certificate);
    o.key_file = none;
    no_context(&o, "could not open the file of our private key: No such file", none);
    o.key_file = text;
    no_context(&o, "there is no private key in PEM form", text);
    o.key_file = encrypted;
    no_context(&o, "our private key is encrypted", encrypted);
    o.key_file = foreign;
    snprintf(pair, sizeof pair, "%s, %s", foreign, certificate);
    no_context(&o, "not that of our certificate", pair);
    o = (struct tls_options){.verify = true, .prefix = "cassandra", .key_file = key};
    no_context(&o, "a private key is given, but not the certificate", key);

    struct fault f;
    o = (struct tls_options){.verify = true, .prefix = "cassandra", .certificate_file = both};
    struct tls_context *c = tls_context_new(&o, &f);
    assert_non_null(c);
    assert_null(tls_new(c, "", to_server, NULL, &f));
    tls_context_free(c);
}

static void unreadable_files_are_said_to_be(void **state)
{
    (void)state;
    uid_t was = geteuid();
    const char *path = pki_write(&pki, &ca, NULL, false);
    chmod(path, 0);
    assert_true(was != 0 || seteuid(65534) == 0); /* root reads everything */
    struct tls_options o = {.verify = true, .prefix = "cassandra", .ca_file = path};
    no_context(&o, "could not open the file of the CA: Permission denied", path);
    assert_true(was != 0 || seteuid(0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certificate_must_be_for_the_host),
        cmocka_unit_test(a_certificate_with_very_many_names_is_cut_short),
        cmocka_unit_test(an_unknown_ca_is_refused_and_named),
        cmocka_unit_test(a_self_signed_certificate_must_be_named),
        cmocka_unit_test(a_ca_below_another_may_be_named_alone),
        cmocka_unit_test(dates_are_checked_and_said),
        cmocka_unit_test(without_verifying_anybody_is_the_server),
        cmocka_unit_test(a_server_that_wants_our_certificate_gets_it),
        cmocka_unit_test(a_server_that_wants_a_certificate_and_gets_none_says_so),
        cmocka_unit_test(our_certificate_may_be_refused),
        cmocka_unit_test(a_cut_after_our_certificate_is_not_taken_for_an_end),
        cmocka_unit_test(a_server_of_yesterday_is_refused),
        cmocka_unit_test(files_that_cannot_be_used_are_named),
        cmocka_unit_test(unreadable_files_are_said_to_be),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
