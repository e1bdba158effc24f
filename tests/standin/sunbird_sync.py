#!/usr/bin/python3
"""sunbird_sync.py: a stand-in for Sunbird's Data Sync service that behaves as the real ones were recorded.

It answers 200 before it works, ignores ids that it does not know, and replaces whole documents.

POST /v1/data/sync                    the service itself; --course-port: the course service, for batches
POST /api/data/v1/index/sync          the same through the gateway, with --gateway-key
GET  /_standin                        counters; ?ids=user lists the ids that were asked for, in order
POST /_standin                        faults and reset, a JSON object with any of
       "fail_next": [...]   one entry per coming call: a status (500, 429, ...), "cut" (closed without an answer or
                            any work), "lost-answer" (works, then closes), "hang:30" (seconds, then as usual),
                            "ignore" (200 and no work), "half" (200, and works on the first half of the ids)
       "delay_ms": 0        wait this long before each call's work starts
       "reset": true        all counters to zero, no faults
"""
import argparse
import collections
import concurrent.futures
import datetime
import http.server
import json
import socket
import sys
import threading
import time
import traceback
import urllib.parse
import uuid

from services import Course, New, Old
from stores import Documents, Rows

ASK_TIMEOUT_S = 10
GATEWAY_BODY_MAX = 1 << 20
MESSAGES = {'missing': 'Data type of {0} should be {1}.', 'type': 'Invalid Object Type.', 'empty': 'Incorrect data.',
            'content': 'Please add Content-Type header with value application/json', 'failed': 'Process failed.'}
HTML = ('<!DOCTYPE html>\n<html lang="en">\n<head><title>{0}</title></head>\n<body>\n<h1>{0}</h1>\n'
        '<p id="detail">\nFor request \'{1}\'\n</p>\n</body>\n</html>\n')


class Standin:
    """What all requests share: counters, planned faults and the background work."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=2)
        self.window = collections.deque()
        self.in_flight = self.waiting = 0
        self.reset()

    def reset(self):
        with self.lock:
            self.faults, self.delay_ms = collections.deque(), 0
            self.calls, self.answers, self.indexed = collections.Counter(), collections.Counter(), collections.Counter()
            self.ids = collections.defaultdict(list)
            self.most_in_flight = self.most_ids = 0
            self.errors = collections.deque(maxlen=20)
            self.window.clear()

    def control(self, wish):
        if wish.get('reset'):
            self.reset()
        with self.lock:
            self.faults.extend(wish.get('fail_next', []))
            self.delay_ms = wish.get('delay_ms', self.delay_ms)

    def counters(self):
        with self.lock:
            return {'calls': dict(self.calls), 'ids': {kind: len(ids) for kind, ids in self.ids.items()},
                    'distinct': {kind: len(set(map(str, ids))) for kind, ids in self.ids.items()},
                    'most_ids_in_a_call': self.most_ids, 'answers': dict(self.answers), 'in_flight': self.in_flight,
                    'most_in_flight': self.most_in_flight, 'waiting': self.waiting, 'indexed': dict(self.indexed),
                    'faults_left': len(self.faults), 'delay_ms': self.delay_ms, 'errors': list(self.errors)}

    def begin(self):
        """Counts a call in; returns the fault that was planned for it."""
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            return self.faults.popleft() if self.faults else None

    def end(self, answer):
        with self.lock:
            self.in_flight -= 1
            self.answers[str(answer)] += 1

    def seen(self, body):
        request = body.get('request') if isinstance(body.get('request'), dict) else {}
        kind, ids = str(request.get('objectType')), request.get('objectIds')
        with self.lock:
            self.calls[kind] += 1
            if isinstance(ids, list):
                self.ids[kind].extend(ids)
                self.most_ids = max(self.most_ids, len(ids))

    def start(self, service, body):
        """Starts the work of a call in the background."""
        with self.lock:
            self.waiting += 1
        return self.pool.submit(self._work, service, body, self.delay_ms / 1000)

    def _work(self, service, body, delay):
        try:
            time.sleep(delay)
            written, unknown = service.work(body)
            with self.lock:
                self.indexed[body['request'].get('objectType')] += len(written)
            return written, unknown
        except Exception as error:    # only the log sees it: the caller was told SUCCESS long ago
            traceback.print_exc()
            with self.lock:
                self.errors.append('%s: %s' % (type(error).__name__, error))
            return {}, {}
        finally:
            with self.lock:
                self.waiting -= 1

    def over_rate(self):
        """Seconds until the gateway takes another call, or 0."""
        if not self.options.rate:
            return 0
        calls, _, seconds = self.options.rate.partition('/')
        now, length = time.monotonic(), float(seconds or 3600)
        with self.lock:
            while self.window and self.window[0] <= now - length:
                self.window.popleft()
            if len(self.window) >= int(calls):
                return max(1, round(self.window[0] + length - now + 0.5))
            self.window.append(now)
            return 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'sunbird-standin'
    wbufsize = -1    # head and body in one packet
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def send(self, status, body, kind='application/json', **headers):
        body = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(',', ':'))).encode()
        self.answer = status
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), str(value))
        self.end_headers()
        self.wfile.write(body)

    def html(self, status, title):
        self.send(status, HTML.format(title, self.command + ' ' + self.path), 'text/html; charset=UTF-8')

    def envelope(self, status, code, err, state, message, result):
        msgid = str(uuid.uuid4()) if self.server.service.operation_types else None
        stamp = datetime.datetime.utcnow().strftime('%Y-%m-%d %H:%M:%S:%f')[:-3] + '+0000'
        self.send(status, {'id': 'api.data.sync', 'ver': 'v1', 'ts': stamp,
                           'params': {'resmsgid': msgid, 'msgid': msgid, 'err': err, 'status': state, 'errmsg': message},
                           'responseCode': code, 'result': result})

    def good(self, **more):
        state = 'SUCCESS' if self.server.service.operation_types else 'success'
        self.envelope(200, 'OK', None, state, None, {**more, 'response': 'SUCCESS'})

    def bad(self, what, status=400):
        err = self.server.service.names[what]
        state = 'FAILED' if self.server.service.operation_types else err
        self.envelope(status, 'CLIENT_ERROR' if status < 500 else 'SERVER_ERROR', err, state, MESSAGES[what], {})

    def cut(self):
        self.close_connection = True
        self.answer = 'cut'
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        if address.path != '/_standin':
            return self.html(404, 'Action Not Found')
        kind = urllib.parse.parse_qs(address.query).get('ids')
        standin = self.server.standin
        return self.send(200, standin.ids[kind[0]] if kind else standin.counters())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if self.path == '/_standin':
            self.server.standin.control(json.loads(body or b'{}'))
            return self.send(200, self.server.standin.counters())
        gateway = self.path == '/api/data/v1/index/sync' and self.server.gateway
        if not gateway and self.path != '/v1/data/sync':
            return self.html(404, 'Action Not Found')
        self.answer = None
        fault = self.server.standin.begin()
        try:
            if self.planned(fault) and (not gateway or self.passes_gateway(body)):
                self.sync(body, fault)
        finally:
            self.server.standin.end(self.answer)

    def planned(self, fault):
        """Acts out a fault; false when that was the answer."""
        if fault == 'cut':
            self.cut()
            return False
        if isinstance(fault, int):
            if fault == 429:
                self.send(429, {'message': 'API rate limit exceeded'}, Retry_After=1)
            elif fault in (401, 403, 413, 502, 503, 504):
                self.send(fault, {'message': self.responses[fault][0]})
            else:
                self.bad('failed', fault)
            return False
        if isinstance(fault, str) and fault.startswith('hang:'):
            time.sleep(float(fault[5:]))
        return True

    def passes_gateway(self, body):
        key, wait = self.server.standin.options.gateway_key, 0
        scheme, _, given = self.headers.get('Authorization', '').partition(' ')
        if scheme.lower() != 'bearer' or not given:
            self.send(401, {'message': 'Unauthorized'}, WWW_Authenticate='Bearer')
        elif given.strip() != key:
            self.send(403, {'message': 'Invalid authentication credentials'})
        elif len(body) > GATEWAY_BODY_MAX:
            self.send(413, {'message': 'Request size limit exceeded'})
        else:
            wait = self.server.standin.over_rate()
            if not wait:
                return True
            self.send(429, {'message': 'API rate limit exceeded'}, Retry_After=wait)
        return False

    def sync(self, raw, fault):
        if self.headers.get_content_type() != 'application/json':
            return self.bad('content')
        if not raw.strip():
            return self.bad('empty')
        try:
            body = json.loads(raw)
            body.get('request')
        except (ValueError, AttributeError):
            return self.html(400, 'Bad Request')
        service, standin = self.server.service, self.server.standin
        standin.seen(body)
        refusal = service.refusal(body)
        if refusal:
            return self.bad(refusal)
        if fault == 'ignore':
            return self.good()
        if fault == 'half':
            ids = body['request']['objectIds']
            body['request']['objectIds'] = ids[:(len(ids) + 1) // 2]
        operation = body['request'].get('operationType') if service.operation_types else None
        if operation and str(operation).strip():
            return self.waited(operation, body)
        if fault == 'lost-answer':
            standin.start(service, body)
            return self.cut()
        self.good()
        self.wfile.flush()    # the answer leaves before any work starts
        standin.start(service, body)
        return None

    def waited(self, operation, body):
        """operationType: "sync" answers per id; anything else, or too many ids, fails after ten seconds."""
        ids = body['request'].get('objectIds') or []
        work = self.server.standin.start(self.server.service, body)
        if operation != 'sync' or len(ids) > self.server.standin.options.sync_limit:
            time.sleep(ASK_TIMEOUT_S)
            return self.bad('failed', 500)
        try:
            written, unknown = work.result(ASK_TIMEOUT_S)
        except concurrent.futures.TimeoutError:
            return self.bad('failed', 500)
        return self.good(**unknown, esSyncResponse=written)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, standin, service, gateway):
        self.standin, self.service, self.gateway = standin, service, gateway
        super().__init__(('127.0.0.1', port), Handler)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--generation', choices=('old', 'new'), required=True, help='learner 1.x/3.4, or userorg 7.0')
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--course-port', type=int, help='also run the course service here (new)')
    parser.add_argument('--cassandra', default='127.0.0.1:19042', metavar='HOST:PORT')
    parser.add_argument('--user', help='log in to Cassandra')
    parser.add_argument('--password-file')
    parser.add_argument('--elasticsearch', default='http://127.0.0.1:19200', metavar='URL')
    parser.add_argument('--keyspace', default='sunbird')
    parser.add_argument('--course-keyspace', default='sunbird_courses')
    parser.add_argument('--user-index', default='user')
    parser.add_argument('--org-index', default='org')
    parser.add_argument('--batch-index', default='course-batch')
    parser.add_argument('--membership', choices=('auto', 'user_org', 'user_organisation'), default='auto',
                        help='the table of memberships (old); auto: user_organisation where it exists')
    parser.add_argument('--gateway-key', help='open /api/data/v1/index/sync for this bearer token')
    parser.add_argument('--rate', metavar='CALLS[/SECONDS]', help='what the gateway lets through (per 3600 s)')
    parser.add_argument('--sync-limit', type=int, default=500, help='more ids than this take longer than 10 s (new)')
    parser.add_argument('--tag', help='not used: shows in the process list')
    return parser.parse_args()


def main():
    chosen = options()
    host, _, port = chosen.cassandra.rpartition(':')
    password = open(chosen.password_file).read().rstrip('\n') if chosen.password_file else 'cassandra'
    stores = Rows(host, int(port), chosen.user, password), Documents(chosen.elasticsearch)
    standin = Standin(chosen)
    kind = {'old': Old, 'new': New}[chosen.generation]
    servers = [Server(chosen.port, standin, kind(*stores, chosen), bool(chosen.gateway_key))]
    if chosen.course_port:
        servers.append(Server(chosen.course_port, standin, Course(*stores, chosen), False))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print('listening on', ', '.join('%s:%d' % server.server_address for server in servers), file=sys.stderr, flush=True)
    servers[0].serve_forever()


if __name__ == '__main__':
    main()
