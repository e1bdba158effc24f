/* tls_pki.h: certificates for the tests, made on the spot, in a folder of their own. */
#ifndef TESTS_TLS_PKI_H
#define TESTS_TLS_PKI_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum { DAY = 24 * 3600, PKI_FILES_MAX = 64 };

struct pki {
    char dir[64];
    char files[PKI_FILES_MAX][128];
    int file_count;
    int serial;
};

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

struct wish {
    const char *name;         /* CN */
    const char *alternatives; /* "DNS:a.example,IP:127.0.0.1", or NULL */
    const struct pair *by;    /* NULL: signed by itself */
    long from_s, until_s;     /* from now on; both 0: yesterday to next year */
    bool is_ca;
};

static inline void pki_init(struct pki *p)
{
    const char *tmp = getenv("TMPDIR");
    memset(p, 0, sizeof *p);
    snprintf(p->dir, sizeof p->dir, "%.30s/tls-test.XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->dir));
}

static inline void pki_fini(struct pki *p)
{
    for (int i = 0; i < p->file_count; i++)
        unlink(p->files[i]);
    rmdir(p->dir);
}

/* A path in the folder, which is deleted at the end. */
static inline const char *pki_path(struct pki *p, const char *name)
{
    char dir[sizeof p->dir];
    assert_true(p->file_count < PKI_FILES_MAX);
    char *path = p->files[p->file_count++];
    memcpy(dir, p->dir, sizeof dir); /* gcc takes it for a part of |path| */
    snprintf(path, sizeof p->files[0], "%s/%d-%.20s", dir, p->file_count, name);
    return path;
}

static inline void pki_extend(X509 *c, const struct pair *by, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, by ? by->certificate : c, c, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(c, e, -1), 1);
    X509_EXTENSION_free(e);
}

static inline struct pair pki_make(struct pki *p, const struct wish *w)
{
    struct pair out = {X509_new(), EVP_EC_gen("P-256")};
    X509 *c = out.certificate;
    bool has_dates = w->from_s || w->until_s;
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++p->serial);
    X509_gmtime_adj(X509_getm_notBefore(c), has_dates ? w->from_s : -DAY);
    X509_gmtime_adj(X509_getm_notAfter(c), has_dates ? w->until_s : 365L * DAY);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)w->name, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(w->by ? w->by->certificate : c));
    X509_set_pubkey(c, out.key);
    pki_extend(c, w->by, NID_basic_constraints, w->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    pki_extend(c, w->by, NID_subject_key_identifier, "hash");
    if (w->alternatives)
        pki_extend(c, w->by, NID_subject_alt_name, w->alternatives);
    assert_true(X509_sign(c, w->by ? w->by->key : out.key, EVP_sha256()) > 0);
    return out;
}

static inline void pair_free(struct pair *p)
{
    X509_free(p->certificate);
    EVP_PKEY_free(p->key);
}

/* The certificate, that of |more|, and the key, as PEM. */
static inline const char *pki_write(struct pki *p, const struct pair *pair, const struct pair *more,
                                    bool with_key)
{
    const char *path = pki_path(p, "pair.pem");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    PEM_write_X509(f, pair->certificate);
    if (more)
        PEM_write_X509(f, more->certificate);
    if (with_key)
        PEM_write_PrivateKey(f, pair->key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    return path;
}

static inline const char *pki_write_key(struct pki *p, const struct pair *pair, const char *phrase)
{
    const char *path = pki_path(p, "key.pem");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    PEM_write_PrivateKey(f, pair->key, phrase ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                         (void *)(uintptr_t)phrase);
    fclose(f);
    return path;
}

#endif
