"""documents.py URL FOLDER: are Elasticsearch's documents of the new tenant what the dumped rows in FOLDER say?"""
import json
import os
import sys
import urllib.request

from rows import SOURCE, TARGET, load, values

MOST = 10000


def documents(url, index):
    request = urllib.request.Request('%s/%s/_search?size=%d' % (url, index, MOST))
    hits = json.load(urllib.request.urlopen(request))['hits']['hits']
    if len(hits) == MOST:
        sys.exit('%s: too many documents for this comparison' % index)
    return {hit['_id']: hit['_source'] for hit in hits}


def table(folder, name):
    return [values(row) for row in load(folder, name).values()] if os.path.exists(os.path.join(folder, name)) else []


def main():
    url, folder = sys.argv[1:]
    urllib.request.urlopen(urllib.request.Request(url + '/user,org,course-batch/_refresh', method='POST'))
    wrong, seen = [], 0
    memberships = {}
    for row in table(folder, 'sunbird.user_organisation') or table(folder, 'sunbird.user_org'):
        if row.get('isdeleted') is False:
            memberships.setdefault(row['userid'], set()).add(row['organisationid'])
    users = documents(url, 'user')
    for row in table(folder, 'sunbird.user'):
        doc = users.get(row['id'])
        if doc is None or 'firstName' not in doc:    # the seed's documents are short: this one was never synced
            continue
        seen += 1
        said = (doc.get('rootOrgId'), doc.get('channel'), {o['organisationId'] for o in doc.get('organisations') or []})
        right = (row.get('rootorgid'), row.get('channel'), memberships.get(row['id'], set()))
        if said != right:
            wrong.append('user %s: %s in place of %s' % (row['id'], said, right))
    batches = documents(url, 'course-batch')
    for row in table(folder, 'sunbird_courses.course_batch') or table(folder, 'sunbird.course_batch'):
        doc = batches.get(row.get('batchid', row.get('id')))
        if TARGET in row['createdfor'] and (doc or {}).get('createdFor') != row['createdfor']:
            wrong.append('batch %s: %s in place of %s' % (row.get('id'), doc, row['createdfor']))
        seen += TARGET in row['createdfor']
    organisations = documents(url, 'org')
    for one, status in ((SOURCE, 0), (TARGET, 1)):
        if organisations.get(one, {}).get('status') != status:
            wrong.append('organisation %s: %s, status should be %d' % (one, organisations.get(one), status))
    if seen < 400:
        wrong.append('only %d documents were compared' % seen)
    for line in wrong[:20]:
        print(line)
    sys.exit('%d documents are wrong' % len(wrong) if wrong else 0)


main()
