#!/usr/bin/python3
"""cql.py: runs CQL through the Python driver and prints the rows tab-separated.

The tests use it as a witness that shares no code with the program.
"""
import argparse
import json
import logging
import os
import re
import ssl
import sys

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT
from cassandra.query import tuple_factory

TOKEN = re.compile(r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \$\$.*?\$\$ | --[^\n]* | //[^\n]* | /\*.*?\*/ | ; | .""",
                   re.S | re.X)


def statements(text):
    """Cuts at each ; that stands outside quotes, and leaves comments out."""
    current = ''
    for token in TOKEN.findall(text):
        if token == ';':
            yield current.strip()
            current = ''
        elif not token.startswith(('--', '//', '/*')):
            current += token
    yield current.strip()


def plain(value):
    """A value as JSON can hold it; maps and sets are sorted so that equal means equal text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return '0x' + value.hex()
    if hasattr(value, 'items'):
        return {str(k): plain(v) for k, v in sorted(value.items())}
    if hasattr(value, '__iter__'):
        return [plain(v) for v in value]
    return str(value)


def cell(value):
    value = plain(value)
    if value is None:
        return 'null'
    if isinstance(value, str):
        return value.replace('\\', '\\\\').replace('\t', '\\t').replace('\n', '\\n')
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('file', nargs='?', help='CQL statements, each ended by ; ("-" reads standard input)')
    what.add_argument('-e', metavar='STATEMENT', dest='text', help='the statements themselves')
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, required=True, help='no default: 19042 may be another checkout\'s server')
    parser.add_argument('--user', help='log in; the password is "cassandra" without --password-file')
    parser.add_argument('--password-file')
    parser.add_argument('--ca', help='TLS, and the PEM file of the CA that signed the server\'s certificate')
    parser.add_argument('--certificate', help='with --ca: PEM file of our own certificate and its key')
    parser.add_argument('--header', action='store_true', help='print the column names before the rows')
    args = parser.parse_args()

    login = None
    if args.user:
        password = open(args.password_file).read().rstrip('\n') if args.password_file else 'cassandra'
        login = PlainTextAuthProvider(args.user, password)
    tls = None
    if args.ca:
        tls = ssl.create_default_context(cafile=args.ca)
        if args.certificate:
            tls.load_cert_chain(args.certificate)
    text = args.text or (sys.stdin if args.file == '-' else open(args.file, encoding='utf-8')).read()

    logging.getLogger('cassandra').setLevel(logging.CRITICAL)
    profile = ExecutionProfile(request_timeout=60, row_factory=tuple_factory)
    cluster = Cluster([args.host], port=args.port, auth_provider=login, protocol_version=4, ssl_context=tls,
                      ssl_options={'server_hostname': args.host} if tls else None, connect_timeout=20,
                      execution_profiles={EXEC_PROFILE_DEFAULT: profile}, schema_metadata_enabled=False,
                      token_metadata_enabled=False)
    try:
        session = cluster.connect()
        for statement in filter(None, statements(text)):
            rows = session.execute(statement)
            if args.header and rows.column_names:
                print('\t'.join(rows.column_names))
            for row in rows:
                print('\t'.join(cell(value) for value in row))
    except BrokenPipeError:
        raise
    except Exception as error:
        print('cql.py: %s: %s' % (type(error).__name__, error), file=sys.stderr)
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    os._exit(code)    # Cluster.shutdown waits for its heartbeat


if __name__ == '__main__':
    main()
