#include "index/document.h"

#include <inttypes.h>
#include <stdio.h>

const char document_fields[] = "rootOrgId,channel,status,organisations.organisationId,createdFor";

static struct bytes text_or_number(json_value v, char status[DOCUMENT_STATUS_MAX])
{
    int64_t n;
    if (!json_int(v, &n))
        return json_text(v);
    snprintf(status, DOCUMENT_STATUS_MAX, "%" PRId64, n);
    return bytes_of(status);
}

/* The texts in |v|, or in |key| of its objects. An index holds one value and a list of one alike.
 */
static bool read_list(json_value v, const char *key, struct bytes *out, int *count, struct fault *f)
{
    size_t n = json_is_array(v) ? json_count(v) : (json_is_null(v) ? 0 : 1);
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        json_value element = json_is_array(v) ? json_at(v, i) : v;
        struct bytes text = json_text(key ? json_get(element, key) : element);
        if (bytes_are_null(text))
            continue;
        if (*count == DOCUMENT_LIST_MAX)
            return fault_set(f, FAULT_PROTOCOL, "a document lists more than %d organisations",
                             DOCUMENT_LIST_MAX);
        out[(*count)++] = text;
    }
    return true;
}

static bool describe_error(json_value error, struct fault *f)
{
    struct bytes type = json_text(json_get(error, "type"));
    struct bytes reason = json_text(json_get(error, "reason"));
    bool is_missing = bytes_are(type, "index_not_found_exception");
    return fault_set(f, is_missing ? FAULT_SCHEMA : FAULT_SERVER, "the index refused: %.*s: %.*s",
                     type.n < 80 ? (int)type.n : 80, type.p ? (const char *)type.p : "",
                     reason.n < 200 ? (int)reason.n : 200, reason.p ? (const char *)reason.p : "");
}

bool document_read(json_value entry, struct bytes id, struct document *out,
                   char status[DOCUMENT_STATUS_MAX], struct fault *f)
{
    out->found = false;
    out->root_org_id = out->channel = out->status = bytes_null();
    out->organisation_count = out->created_for_count = 0;
    json_value error = json_get(entry, "error");
    if (json_is_object(error))
        return describe_error(error, f);
    if (!bytes_equal(json_text(json_get(entry, "_id")), id))
        return fault_set(f, FAULT_PROTOCOL, "the index answered about another document");
    if (!json_bool(json_get(entry, "found"), &out->found) || !out->found)
        return true;
    json_value source = json_get(entry, "_source");
    out->root_org_id = json_text(json_get(source, "rootOrgId"));
    out->channel = json_text(json_get(source, "channel"));
    out->status = text_or_number(json_get(source, "status"), status);
    return read_list(json_get(source, "organisations"), "organisationId", out->organisations,
                     &out->organisation_count, f) &&
           read_list(json_get(source, "createdFor"), NULL, out->created_for,
                     &out->created_for_count, f);
}

bool document_refusal(int status, json_value root, const char *index, struct fault *f)
{
    if (status == 401 || status == 403) {
        fault_set(f, FAULT_DENIED, "Elasticsearch refused (status %d)", status);
        return fault_hint(f, "check the user, the password, and the right to read index \"%s\"",
                          index);
    }
    if (status == 429 || status >= 500)
        return fault_set(f, FAULT_UNAVAILABLE, "Elasticsearch is overloaded or failed (status %d)",
                         status);
    json_value error = json_get(root, "error");
    if (json_is_object(error)) {
        describe_error(error, f);
        return fault_subject(f, "index %s", index);
    }
    return fault_set(f, FAULT_SERVER, "Elasticsearch refused (status %d)", status);
}
