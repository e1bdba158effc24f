/* Whatever bytes a server sends, from the first on: a client that opens, logs in, reads a table and
 * writes ends, with a fault or with what was really said.
 *
 * A mode byte (version, LZ4, login), two bytes for the size of the pieces, then what is sent in answer to
 * each request: a byte (0: the right answer; 1: close; else: these bytes), for bytes two of length. */
#include "fuzz/fuzz.h"

#include "unit/cql/conversation.h"

static struct bytes script;

static bool answer(struct server_conn *c, int16_t stream, enum cql_opcode opcode, struct bytes body)
{
    (void)opcode;
    (void)body;
    uint8_t what = fuzz_u8(&script);
    if (what < 2 && script.n == 0)
        return false;
    if (what == 0)
        return false;
    if (what == 1) {
        net_close(c->t);
        return true;
    }
    struct bytes said = fuzz_take(&script, fuzz_u16(&script));
    if (what & 1) /* a whole envelope on the right stream: opcode, body */
        server_reply(c, stream, fuzz_u8(&said), said);
    else
        net_send(c->t, said.p, said.n);
    return true;
}

static void fuzz_one(struct bytes in)
{
    uint8_t mode = fuzz_u8(&in);
    uint16_t piece = fuzz_u16(&in);
    server_start(3 + mode % 3, mode & 4, mode & 8);
    net.piece = piece ? 16 + piece : 0;
    server.twist = answer;
    script = in;
    converse(mode & 16 ? 0 : 3 + mode % 3);
    assert(net.live == 0);
    if (!talk.wrote)
        assert(talk.fault.code != FAULT_NONE && talk.fault.text[0]);
    fuzz_check_words(talk.fault.text);
    fuzz_check_words(talk.fault.subject);
}
