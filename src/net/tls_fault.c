#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls_private.h"

enum { NAME_ROOM = 128, DATE_ROOM = 40 };

static void name_of(const X509_NAME *name, char out[NAME_ROOM])
{
    if (X509_NAME_get_text_by_NID(name, NID_commonName, out, NAME_ROOM) <= 0)
        X509_NAME_oneline(name, out, NAME_ROOM);
}

static void date_of(const ASN1_TIME *time, char out[DATE_ROOM])
{
    struct tm tm;
    if (!ASN1_TIME_to_tm(time, &tm) || !strftime(out, DATE_ROOM, "%Y-%m-%d %H:%M UTC", &tm))
        snprintf(out, DATE_ROOM, "a date that cannot be read");
}

/* One more of the names that a certificate is for. */
static size_t add_name(char *out, size_t n, const char *name, size_t length)
{
    int room = (int)(TLS_NAMES_MAX - n);
    int added = snprintf(out + n, (size_t)room, "%s%.*s", n ? ", " : "", (int)length, name);
    if (added < room)
        return n + (size_t)added;
    /* It does not fit: the list is closed where it was whole. */
    snprintf(out + (n < TLS_NAMES_MAX - 6 ? n : TLS_NAMES_MAX - 6), 6, ", …");
    return TLS_NAMES_MAX;
}

/* RFC 6125: the subject's name counts only when there are no alternative names. */
static void names_of(X509 *certificate, char out[TLS_NAMES_MAX])
{
    size_t n = 0;
    out[0] = '\0';
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && n < TLS_NAMES_MAX; i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
        char text[INET6_ADDRSTRLEN];
        if (one->type == GEN_DNS) {
            const ASN1_STRING *s = one->d.dNSName;
            n = add_name(out, n, (const char *)ASN1_STRING_get0_data(s),
                         (size_t)ASN1_STRING_length(s));
        } else if (one->type == GEN_IPADD) {
            const ASN1_STRING *s = one->d.iPAddress;
            int family = ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6;
            bool fits = family == AF_INET || ASN1_STRING_length(s) == 16;
            if (fits && inet_ntop(family, ASN1_STRING_get0_data(s), text, sizeof text))
                n = add_name(out, n, text, strlen(text));
        }
    }
    GENERAL_NAMES_free(all);
    if (n == 0) {
        char name[NAME_ROOM];
        name_of(X509_get_subject_name(certificate), name);
        add_name(out, 0, name, strlen(name));
    }
}

static void describe_dates(struct fault *f, bool is_over, const char *whose,
                           const X509 *certificate)
{
    char date[DATE_ROOM];
    date_of(is_over ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate), date);
    fault_set(f, FAULT_REFUSED, is_over ? "%s expired on %s" : "%s is not valid before %s", whose,
              date);
    fault_hint(f, "have a new one made for the server; or this machine's clock is wrong");
}

static void describe_host(const struct tls *t, struct fault *f, X509 *certificate)
{
    char names[TLS_NAMES_MAX];
    names_of(certificate, names);
    fault_set(f, FAULT_REFUSED, "the server's certificate is for %s, not for %s", names, t->host);
    fault_hint(f,
               "name the server as its certificate does, or have that made for %s (subject "
               "alternative name)",
               t->host);
}

static void describe_issuer(const struct tls *t, struct fault *f, const X509 *certificate,
                            int error)
{
    char name[NAME_ROOM];
    bool is_own = error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    name_of(X509_get_issuer_name(certificate), name);
    if (is_own)
        fault_set(f, FAULT_REFUSED,
                  "the server's certificate is signed by itself (%s), and not one "
                  "that is trusted",
                  name);
    else
        fault_set(f, FAULT_REFUSED,
                  "the server's certificate is signed by a CA that is not "
                  "trusted: %s",
                  name);
    fault_hint(f, "if that is right, put %s into a PEM file and name it in %s-ca-file",
               is_own ? "this certificate" : "that CA's certificate", t->context->prefix);
}

int tls_on_verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (ok || !t->context->verifies || !certificate)
        return ok;
    int error = X509_STORE_CTX_get_error(store);
    int depth = X509_STORE_CTX_get_error_depth(store);
    struct fault *f = &t->distrust;
    char name[NAME_ROOM], whose[NAME_ROOM + 40];
    name_of(X509_get_subject_name(certificate), name);
    if (depth == 0)
        snprintf(whose, sizeof whose, "the server's certificate");
    else
        snprintf(whose, sizeof whose, "the certificate of the server's CA %s", name);
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: describe_dates(f, true, whose, certificate); break;
    case X509_V_ERR_CERT_NOT_YET_VALID: describe_dates(f, false, whose, certificate); break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: describe_host(t, f, certificate); break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        describe_issuer(t, f, certificate, error);
        break;
    default:
        fault_set(f, FAULT_REFUSED, "%s is not trusted: %s", whose,
                  X509_verify_cert_error_string(error));
        fault_hint(f, "have another one made for the server");
    }
    return 0;
}

/* What a server means by an alert (RFC 8446 6.2). |ours|: it is about our certificate. */
static const struct alert {
    int number;
    bool ours;
    enum fault_code code;
    const char *text;
    const char *hint;
} alerts[] = {
    {SSL_AD_HANDSHAKE_FAILURE, true, FAULT_UNSUPPORTED,
     "the server knows no TLS cipher that we know too", "let the server offer newer ciphers"},
    {SSL_AD_BAD_CERTIFICATE, true, FAULT_DENIED, "the server finds our certificate wrong", NULL},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, true, FAULT_DENIED,
     "the server takes no certificate of our certificate's kind", NULL},
    {SSL_AD_CERTIFICATE_REVOKED, true, FAULT_DENIED, "the server says our certificate was revoked",
     NULL},
    {SSL_AD_CERTIFICATE_EXPIRED, true, FAULT_DENIED, "the server says our certificate has expired",
     NULL},
    {SSL_AD_CERTIFICATE_UNKNOWN, true, FAULT_DENIED, "the server does not accept our certificate",
     NULL},
    {SSL_AD_UNKNOWN_CA, true, FAULT_DENIED,
     "the server does not trust the CA that signed our certificate", NULL},
    {SSL_AD_ACCESS_DENIED, true, FAULT_DENIED,
     "the server knows our certificate and lets it do "
     "nothing",
     NULL},
    {SSL_AD_DECRYPT_ERROR, true, FAULT_DENIED, "the server could not verify our signature", NULL},
    {TLS13_AD_CERTIFICATE_REQUIRED, true, FAULT_DENIED, "the server wants a certificate from us",
     NULL},
    {SSL_AD_PROTOCOL_VERSION, false, FAULT_UNSUPPORTED, "the server speaks neither TLS 1.2 nor 1.3",
     "let the server offer TLS 1.2 or newer"},
    {SSL_AD_INSUFFICIENT_SECURITY, false, FAULT_UNSUPPORTED,
     "the server wants stronger ciphers than we know", "let the server offer more ciphers"},
    {SSL_AD_UNRECOGNIZED_NAME, false, FAULT_REFUSED,
     "the server does not go by the name we gave it", "name the server as its certificate does"},
    {SSL_AD_INTERNAL_ERROR, true, FAULT_UNREACHABLE,
     "the server had an error of its own in the TLS handshake", "its log says which"},
    {SSL_AD_USER_CANCELLED, false, FAULT_UNREACHABLE, "the server broke the TLS handshake off",
     "its log says why"},
};

static void describe_missing_certificate(const struct tls *t, struct fault *f)
{
    fault_set(f, FAULT_DENIED, "the server wants a certificate from us, and none is given");
    fault_hint(f, "set %s-certificate-file and %s-key-file", t->context->prefix,
               t->context->prefix);
}

static void describe_alert(const struct tls *t, int number, struct fault *f)
{
    const struct alert *a = NULL;
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0] && !a; i++)
        a = alerts[i].number == number ? &alerts[i] : NULL;
    if (!a) {
        fault_set(f, t->is_open ? FAULT_PROTOCOL : FAULT_UNSUPPORTED,
                  "the server ended TLS with the alert \"%s\" (%d)",
                  SSL_alert_desc_string_long(number), number);
        fault_hint(f, "its log says why");
    } else if (a->ours && t->wants_certificate && !t->context->has_certificate) {
        describe_missing_certificate(t, f);
    } else {
        fault_set(f, a->code, "%s", a->text);
        if (a->hint)
            fault_hint(f, "%s", a->hint);
        else
            fault_hint(f,
                       "%s-certificate-file must name one that the server's trust store knows; its "
                       "log says more",
                       t->context->prefix);
    }
}

static void describe_own(const struct tls *t, unsigned long error, struct fault *f)
{
    const char *reason = ERR_reason_error_string(error);
    switch (ERR_GET_REASON(error)) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
        if (!t->is_open) {
            fault_set(f, FAULT_UNSUPPORTED, "the server speaks neither TLS 1.2 nor 1.3");
            fault_hint(f, "let the server offer TLS 1.2 or newer");
            return;
        }
        break;
    case ERR_R_MALLOC_FAILURE: fault_memory(f); return;
    default: break;
    }
    if (t->is_open) {
        fault_set(f, FAULT_PROTOCOL, "what came was damaged or forged on the way (TLS: %s)",
                  reason ? reason : "no reason given");
        fault_hint(f, "something between here and the server changes bytes");
    } else {
        fault_set(f, FAULT_UNSUPPORTED, "the TLS handshake failed: %s",
                  reason ? reason : "no reason given");
        fault_hint(f, "the server's log may say more");
    }
}

void tls_describe(const struct tls *t, struct fault *f)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    if (t->distrust.code != FAULT_NONE)
        *f = t->distrust;
    else if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET)
        describe_alert(t, reason - SSL_AD_REASON_OFFSET, f);
    else
        describe_own(t, error, f);
}

void tls_describe_stranger(const struct tls *t, struct fault *f)
{
    fault_set(f, FAULT_UNSUPPORTED, "what answers there does not speak TLS");
    fault_hint(f, "check the port; a server that has no TLS needs %s-tls: no", t->context->prefix);
}

void tls_cut(struct tls *t, struct fault *f)
{
    if (t->has_failed) {
        *f = t->fault;
    } else if (t->is_open && t->wants_certificate && !t->has_told) {
        /* With TLS 1.3 the handshake ends for us before the server has looked at our certificate,
         * and its alert may be lost: bytes of ours that it never read make the kernel reset. */
        const char *prefix = t->context->prefix;
        fault_set(f, FAULT_UNREACHABLE,
                  "the server closed the connection right after it had asked for our certificate%s",
                  t->context->has_certificate ? "" : ", and none is given");
        if (t->context->has_certificate)
            fault_hint(f, "perhaps it does not trust %s-certificate-file; its log says more",
                       prefix);
        else
            fault_hint(f, "set %s-certificate-file and %s-key-file", prefix, prefix);
    } else if (!t->is_open) {
        f->code = FAULT_UNREACHABLE;
        fault_hint(f,
                   "it closed in the middle of the TLS handshake: check that it is the port with "
                   "TLS; the server's log may say more");
    } else {
        fault_hint(f, "it was cut off, without TLS's own closing words");
    }
}
