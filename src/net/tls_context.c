#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls_private.h"

static bool is_given(const char *path)
{
    return path && path[0];
}

/* Opens it for the sake of the words: OpenSSL only says that it could not. */
static FILE *open_file(const char *path, const char *what, struct fault *f)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file)
        fault_set(f, FAULT_USAGE, "could not open the file of %s: %s", what, strerror(errno));
    else if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode))
        fault_set(f, FAULT_USAGE, "the file of %s is a directory", what);
    else
        return file;
    fault_subject(f, "%s", path);
    if (file)
        fclose(file);
    return NULL;
}

static bool not_pem(const char *path, const char *what, struct fault *f)
{
    fault_set(f, FAULT_USAGE, "there is no %s in PEM form in that file", what);
    fault_subject(f, "%s", path);
    return fault_hint(
        f, "PEM is text with a line -----BEGIN …-----; a Java keystore is turned into it "
           "by keytool -importkeystore (to PKCS12) and openssl pkcs12");
}

static bool load_cas(struct tls_context *c, const char *path, struct fault *f)
{
    if (!is_given(path)) {
        SSL_CTX_set_default_verify_paths(c->ssl); /* a system without any trusts nobody */
        return true;
    }
    FILE *file = open_file(path, "the CA", f);
    if (!file)
        return false;
    fclose(file);
    if (!SSL_CTX_load_verify_file(c->ssl, path))
        return not_pem(path, "certificate of a CA", f);
    /* What the operator named is trusted as it stands, also a CA below another, or the server's own
     * certificate. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(c->ssl), X509_V_FLAG_PARTIAL_CHAIN);
    return true;
}

static bool load_certificate(struct tls_context *c, const char *path, struct fault *f)
{
    FILE *file = open_file(path, "our certificate", f);
    if (!file)
        return false;
    fclose(file);
    if (SSL_CTX_use_certificate_chain_file(c->ssl, path) == 1)
        return true;
    unsigned long error = ERR_peek_error(); /* the first: what led to the others */
    const char *why = ERR_reason_error_string(error);
    if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
        return not_pem(path, "certificate", f);
    fault_set(f, FAULT_USAGE, "our certificate cannot be used: %s", why ? why : "it is damaged");
    return fault_subject(f, "%s", path);
}

/* Asked for only when the key is encrypted. */
static int on_pass_phrase(char *out, int room, int writes, void *context)
{
    (void)out;
    (void)room;
    (void)writes;
    *(bool *)context = true;
    return -1;
}

static EVP_PKEY *read_key(const char *path, struct fault *f)
{
    bool is_encrypted = false;
    FILE *file = open_file(path, "our private key", f);
    if (!file)
        return NULL;
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, on_pass_phrase, &is_encrypted);
    fclose(file);
    if (key)
        return key;
    if (is_encrypted) {
        fault_set(f, FAULT_USAGE,
                  "our private key is encrypted, and nobody is asked for a pass "
                  "phrase in a run of hours");
        fault_subject(f, "%s", path);
        fault_hint(f, "write it without one: (umask 077; openssl pkey -in FILE -out NEW)");
    } else {
        not_pem(path, "private key", f);
    }
    return NULL;
}

static bool load_key(struct tls_context *c, const char *path, const char *certificate,
                     struct fault *f)
{
    EVP_PKEY *key = read_key(path, f);
    if (!key)
        return false;
    bool fits = SSL_CTX_use_PrivateKey(c->ssl, key) == 1 && SSL_CTX_check_private_key(c->ssl) == 1;
    EVP_PKEY_free(key);
    if (fits)
        return true;
    fault_set(f, FAULT_USAGE, "the private key is not that of our certificate");
    fault_subject(f, "%s, %s", path, certificate);
    return fault_hint(f, "take the pair that was made together");
}

static bool load(struct tls_context *c, const struct tls_options *o, struct fault *f)
{
    c->ssl = SSL_CTX_new(TLS_client_method());
    c->bio = tls_bio_new();
    if (!c->ssl || !c->bio)
        return fault_memory(f);
    SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(c->ssl, o->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, tls_on_verify);
    if (o->verify && !load_cas(c, o->ca_file, f))
        return false;
    if (is_given(o->key_file) && !is_given(o->certificate_file)) {
        fault_set(f, FAULT_USAGE, "a private key is given, but not the certificate for it");
        fault_subject(f, "%s", o->key_file);
        return fault_hint(f, "set %s-certificate-file too", o->prefix);
    }
    c->has_certificate = is_given(o->certificate_file);
    return !c->has_certificate ||
           (load_certificate(c, o->certificate_file, f) &&
            load_key(c, is_given(o->key_file) ? o->key_file : o->certificate_file,
                     o->certificate_file, f));
}

struct tls_context *tls_context_new(const struct tls_options *o, struct fault *f)
{
    struct tls_context *c = calloc(1, sizeof *c);
    if (!c)
        return fault_memory(f), NULL;
    c->prefix = o->prefix;
    c->verifies = o->verify;
    ERR_clear_error();
    bool loaded = load(c, o, f);
    ERR_clear_error();
    if (loaded)
        return c;
    tls_context_free(c);
    return NULL;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->bio);
    free(c);
}

const char *tls_context_agreed(const struct tls_context *c)
{
    return c->agreed;
}
