"""stores.py: the two stores of a Sunbird service: rows in Cassandra, documents in Elasticsearch.

Knows nothing of users, organisations or batches.
"""
import json
import threading
import urllib.error
import urllib.request

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.query import dict_factory

IDS_IN_ONE_READ = 100
READS_AT_ONCE = 16
DOCUMENTS_IN_ONE_BULK = 500


def cut(items, size):
    return (items[at:at + size] for at in range(0, len(items), size))


class Rows:
    """Rows of Cassandra as dicts of column name to value. Connects at the first read."""

    def __init__(self, host, port, user=None, password=None):
        self.address, self.login, self.session = (host, port), (user, password), None
        self.lock = threading.Lock()

    def _connected(self):
        with self.lock:
            if self.session is None:
                user, password = self.login
                profile = ExecutionProfile(request_timeout=60, row_factory=dict_factory)
                cluster = Cluster([self.address[0]], port=self.address[1], protocol_version=4, connect_timeout=20,
                                  auth_provider=PlainTextAuthProvider(user, password) if user else None,
                                  execution_profiles={EXEC_PROFILE_DEFAULT: profile},
                                  schema_metadata_enabled=False, token_metadata_enabled=False)
                self.session = cluster.connect()
            return self.session

    def columns(self, table):
        """The column names of a table; empty when there is none."""
        keyspace, name = table.split('.')
        found = self._connected().execute(
            'SELECT column_name FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s',
            (keyspace, name))
        return {row['column_name'] for row in found}

    def scan(self, table, columns='*'):
        return self._connected().execute('SELECT %s FROM %s' % (columns, table))

    def _all(self, queries):
        """Runs (text, values) pairs, some at once; yields every row."""
        session = self._connected()
        for some in cut(list(queries), READS_AT_ONCE):
            for answer in [session.execute_async(text, values) for text, values in some]:
                yield from answer.result()

    def where_in(self, table, column, values):
        """The rows whose partition key is one of the values."""
        text = 'SELECT * FROM %s WHERE %s IN ' % (table, column)
        return self._all((text + '(' + ', '.join(['%s'] * len(some)) + ')', some)
                         for some in cut(sorted(set(values)), IDS_IN_ONE_READ))

    def where_each(self, table, column, values):
        """The rows with an indexed column equal to one of the values: no IN on an index."""
        text = 'SELECT * FROM %s WHERE %s = %%s' % (table, column)
        return self._all((text, (value,)) for value in sorted(set(values)))

    def where(self, table, equals):
        text = 'SELECT * FROM %s WHERE %s ALLOW FILTERING' % (table, ' AND '.join('%s = %%s' % c for c in equals))
        return self._connected().execute(text, tuple(equals.values()))


class Documents:
    """Documents of Elasticsearch 6.8 (type _doc) or 7."""

    def __init__(self, url):
        self.url, self.typed = url.rstrip('/'), None

    def _call(self, method, path, body=None, kind='application/json'):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, body, {'Content-Type': kind}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer) if method != 'HEAD' else None

    def _type(self):
        if self.typed is None:
            self.typed = int(self._call('GET', '/')['version']['number'].split('.')[0]) < 7
        return {'_type': '_doc'} if self.typed else {}

    def ensure(self, index, mapping):
        """Makes the index when it is missing. dynamic is false, as in Sunbird's own mappings."""
        try:
            return self._call('HEAD', '/' + index)    # each time: a test may have deleted it meanwhile
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
        mapping = {'dynamic': False, 'properties': mapping}
        body = {'settings': {'number_of_shards': 1, 'number_of_replicas': 0},
                'mappings': {'_doc': mapping} if self._type() else mapping}
        try:
            return self._call('PUT', '/' + index, body)
        except urllib.error.HTTPError as error:
            if b'already_exists' not in error.read():
                raise
            return None

    def get(self, index, ids):
        """Documents by id; those that are missing are left out."""
        if not ids:
            return {}
        path = '/%s/%s_mget' % (index, '_doc/' if self._type() else '')
        try:
            found = self._call('POST', path, {'ids': sorted(ids)})['docs']
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise
        return {doc['_id']: doc['_source'] for doc in found if doc.get('found')}

    def any(self, index):
        """Some document of the index, or an empty one."""
        hits = self._call('GET', '/%s/_search?size=1&ignore_unavailable=true' % index)['hits']['hits']
        return hits[0]['_source'] if hits else {}

    def replace(self, index, documents):
        """Replaces whole documents, {id: document}; returns the ids that were written."""
        written = []
        for some in cut(list(documents.items()), DOCUMENTS_IN_ONE_BULK):
            lines = []
            for key, document in some:
                lines.append(json.dumps({'index': {'_index': index, '_id': key, **self._type()}}))
                lines.append(json.dumps(document, ensure_ascii=False))
            answer = self._call('POST', '/_bulk', ('\n'.join(lines) + '\n').encode(), 'application/x-ndjson')
            for item in answer['items']:
                if item['index']['status'] < 300:
                    written.append(item['index']['_id'])
        return written
