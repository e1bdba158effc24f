/* net/stream.h: a connection that may be encrypted; whoever uses it need not care.
 *
 * Owns     the socket (net/loop.h, struct tcp) and the TLS session in it (net/tls.h).
 * Knows    nothing of what is said. Without TLS it adds nothing: its events are the socket's own,
 *          called by the socket.
 *
 * With TLS |opened| comes after the handshake: nothing that is written can reach a server that is
 * not trusted. |closed| brings the faults of tls_next too; each names host and port.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "net/loop.h"
#include "net/tls.h"

struct stream;

/* As tcp_open.
 *
 * |tls|  outlives the stream; NULL: no TLS */
struct stream *stream_open(struct loop *l, const char *host, int port, unsigned timeout_ms,
                           struct tls_context *tls, const struct tcp_events *events, void *context,
                           struct fault *f);
/* As tcp_write; with TLS only after |opened|. After false, close it: a part may have been sent. */
bool stream_write(struct stream *s, const void *p, size_t n);
size_t stream_unsent_bytes(const struct stream *s);
/* As tcp_close. */
void stream_close(struct stream *s);
const char *stream_peer(const struct stream *s);
/* The socket is connected, and the server has not finished the TLS handshake. */
bool stream_is_shaking_hands(const struct stream *s);

#endif
