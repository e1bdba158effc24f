"""services.py: what each generation of the sync service accepts, and what it does with it.

A service has  names          what an error is called in its answers
               refusal(body)  the error of a body that is not accepted, or None
               work(body)     indexes; returns ({id: True} written, {id: False} unknown users)
Knows nothing of HTTP.
"""
import collections

import documents as build
from stores import DOCUMENTS_IN_ONE_BULK, cut

OLD_NAMES = {'missing': 'DATA_TYPE_ERROR', 'type': 'INVALID_OBJECT_TYPE', 'empty': 'INVALID_DATA',
             'content': 'CONTENT_TYPE_ERROR', 'failed': 'INTERNAL_ERROR'}
NEW_NAMES = {'missing': 'UOS_0003', 'type': 'UOS_0072', 'empty': 'UOS_0028', 'content': 'UOS_0061',
             'failed': 'UOS_ESSYNCnull'}


class Service:
    operation_types = False    # only userorg looks at operationType

    def __init__(self, rows, docs, options):
        self.rows, self.docs, self.options = rows, docs, options
        self.keyspace = options.keyspace + '.'
        text = {'type': 'text', 'fields': {'raw': {'type': 'keyword'}}}
        tenant = {'type': 'keyword'} if options.generation == 'new' else text
        self.mappings = {
            options.user_index: {'identifier': tenant, 'rootOrgId': tenant, 'channel': tenant,
                                 'organisations': {'properties': {'organisationId': tenant, 'hashTagId': tenant}}},
            options.org_index: {'identifier': tenant, 'rootOrgId': tenant, 'channel': tenant, 'orgName': text},
            options.batch_index: {'identifier': tenant, 'batchId': tenant, 'courseId': tenant, 'createdFor': tenant},
        }

    def write(self, index, documents):
        self.docs.ensure(index, self.mappings[index])
        return self.docs.replace(index, documents)

    def by_user(self, table, ids, indexed=False):
        """The rows of a table, per userid."""
        found = collections.defaultdict(list)
        for row in (self.rows.where_each if indexed else self.rows.where_in)(table, 'userid', ids):
            found[row['userid']].append(row)
        return found

    def per_block(self, ids, block):
        """Calls block(rows' ids) for a bulk's worth of ids at a time; joins what it returns."""
        written = {}
        for some in cut(ids, DOCUMENTS_IN_ONE_BULK):
            written.update(dict.fromkeys(block(some), True))
        return written

    def simple(self, table, index, document):
        return lambda ids: self.write(index, {row['id']: document(row)
                                              for row in self.rows.where_in(table, 'id', ids)})


class Old(Service):
    """learner 1.x to 3.4. Batches are accepted as in 1.x, when the keyspace still has the table."""
    names = OLD_NAMES
    accepts = ('user', 'organisation', 'batch', 'user_course')
    tables = {'user': 'user', 'organisation': 'organisation', 'batch': 'course_batch'}

    def refusal(self, body):
        request = body.get('request') or {}
        operation = request.get('operationFor')
        if operation is None or str(operation).lower() == 'keycloak':
            return None    # no check at all, and the caller is told SUCCESS
        if request.get('objectType') is None:
            return 'missing'
        return None if request['objectType'] in self.accepts else 'type'

    def work(self, body):
        request = body['request']
        if str(request.get('operationFor')).lower() == 'keycloak':
            return {}, {}
        kind, ids = request['objectType'], request.get('objectIds') or []
        if not isinstance(ids, list):
            raise TypeError('ClassCastException: objectIds is no list')
        table = self.keyspace + self.tables[kind]
        if not ids:    # the whole table
            ids = [row['id'] for row in self.rows.scan(table, 'id')]
        if kind == 'user':
            return self.per_block(ids, self.users), {}
        if kind == 'organisation':
            return self.per_block(ids, self.simple(table, self.options.org_index, build.old_organisation)), {}
        return self.per_block(ids, self.simple(table, self.options.batch_index, build.old_batch)), {}

    def users(self, ids):
        rows = [row for row in self.rows.where_in(self.keyspace + 'user', 'id', ids) if row.get('isdeleted') is not True]
        newer = self.options.membership == 'user_organisation' or (
            self.options.membership == 'auto' and self.rows.columns(self.keyspace + 'user_organisation'))
        memberships = self.by_user(self.keyspace + ('user_organisation' if newer else 'user_org'),
                                   [row['id'] for row in rows], indexed=not newer)
        orgs = {m['organisationid'] for many in memberships.values() for m in many} | {r.get('rootorgid') for r in rows}
        org_documents = self.docs.get(self.options.org_index, orgs - {None})
        return self.write(self.options.user_index, {
            row['id']: build.old_user(row, memberships[row['id']], org_documents,
                                      lambda: self.docs.any(self.options.org_index)) for row in rows})


class New(Service):
    """userorg 7.0."""
    names = NEW_NAMES
    accepts = ('user', 'organisation', 'location')
    operation_types = True

    def refusal(self, body):
        kind = (body.get('request') or {}).get('objectType')
        if kind is None:
            return 'missing'
        return None if kind in self.accepts else 'type'

    def work(self, body):
        kind, ids = body['request']['objectType'], body['request'].get('objectIds')
        if not isinstance(ids, list):
            return {}, {}
        if kind == 'user':
            written = self.per_block(ids, self.users)
            known = {row['id'] for row in self.rows.where_in(self.keyspace + 'user', 'id', ids)}
            return written, {key: False for key in ids if key not in known}
        if kind == 'organisation':
            table = self.keyspace + 'organisation'
            return self.per_block(ids, self.simple(table, self.options.org_index, build.new_organisation)), {}
        return {}, {}

    def users(self, ids):
        rows = list(self.rows.where_in(self.keyspace + 'user', 'id', ids))
        found = [row['id'] for row in rows]
        memberships = self.by_user(self.keyspace + 'user_organisation', found)
        roles = self.by_user(self.keyspace + 'user_roles', found) if self.rows.columns(
            self.keyspace + 'user_roles') else collections.defaultdict(list)
        orgs = {m['organisationid'] for many in memberships.values() for m in many} | {r.get('rootorgid') for r in rows}
        org_rows = {row['id']: row for row in self.rows.where_in(self.keyspace + 'organisation', 'id', orgs - {None})}
        return self.write(self.options.user_index, {
            row['id']: build.new_user(row, memberships[row['id']], roles[row['id']], org_rows) for row in rows})


class Course(Old):
    """The course service, which has the batches from 2.5 on: a text is a course id, an object a row filter."""

    def work(self, body):
        request = body['request']
        kind, wanted = request['objectType'], request['objectIds']
        if str(request.get('operationFor')).lower() == 'keycloak' or kind == 'user_course':
            return {}, {}
        if kind != 'batch':
            raise KeyError('no table for ' + kind)
        table = self.options.course_keyspace + '.course_batch'
        if not wanted:
            return self.batches(self.rows.scan(table)), {}
        rows = list(self.rows.where_in(table, 'courseid', [one for one in wanted if isinstance(one, str)]))
        filters = [{k.lower(): v for k, v in one.items()} for one in wanted if isinstance(one, dict)]
        for one in filters:
            rows.extend(self.rows.where(table, one))
        return self.batches(rows), {}

    def batches(self, rows):
        return dict.fromkeys(self.write(self.options.batch_index,
                                        {row['batchid']: build.new_batch(row) for row in rows}), True)
