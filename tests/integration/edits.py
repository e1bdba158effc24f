"""edits.py FOLDER: prints CQL that edits rows behind the back of a plan; FOLDER holds the dumps of that moment.

Each kind of edit is done to two rows, and no row is edited twice.
"""
import sys

from rows import SOURCE, TARGET, load, values

THIRD = '01250000000000001000'
TWICE = 2


class Rows:
    """Hands out rows of the old tenant that nobody has had yet."""

    def __init__(self, folder, table, wanted):
        self.table = table
        self.rest = [row for row in map(values, load(folder, table).values()) if wanted(row)]

    def edit(self, *statements):
        for _ in range(TWICE):
            row = self.rest.pop(0)
            for statement in statements:
                print(statement.format(t=self.table, **{k: str(v).replace("'", "''") for k, v in row.items()}) + ';')


def main():
    folder = sys.argv[1]
    user = Rows(folder, 'sunbird.user', lambda r: r.get('rootorgid') == SOURCE and ':' not in r['id'])
    at = " WHERE id = '{id}'"
    user.edit('DELETE FROM {t}' + at)
    user.edit("UPDATE {t} SET rootorgid = '%s'" % THIRD + at)
    user.edit("UPDATE {t} SET channel = 'mine'" + at)
    user.edit("UPDATE {t} SET rootorgid = '%s', channel = 'mine'" % THIRD + at)
    user.edit("UPDATE {t} SET firstname = 'edited'" + at)
    user.edit("UPDATE {t} SET rootorgid = '%s'" % SOURCE + at)
    user.edit("UPDATE {t} SET rootorgid = '%s', channel = 'mine'" % SOURCE + at)
    user.edit('DELETE channel FROM {t}' + at)
    user.edit('DELETE rootorgid FROM {t}' + at)
    user.edit('DELETE FROM {t}' + at, "INSERT INTO {t} (id, rootorgid) VALUES ('{id}', '%s')" % SOURCE)
    user.edit('DELETE FROM {t}' + at, "INSERT INTO {t} (id, rootorgid, channel) VALUES ('{id}', '%s', 'mine')" % THIRD)
    user.edit("INSERT INTO {t} (id, userid, rootorgid, channel) VALUES ('new-{id}', 'new', '%s', 'pilotrajasthan')" % SOURCE)

    old = Rows(folder, 'sunbird.user_org', lambda r: r.get('organisationid') == SOURCE and ':' not in r['id'])
    old.edit('DELETE FROM {t}' + at)
    old.edit("UPDATE {t} SET organisationid = '%s'" % THIRD + at)
    old.edit("UPDATE {t} SET hashtagid = 'mine'" + at)
    old.edit("UPDATE {t} SET organisationid = '%s', hashtagid = 'mine'" % THIRD + at)
    old.edit('UPDATE {t} SET isdeleted = true' + at)
    old.edit("INSERT INTO {t} (id, userid, organisationid, isdeleted) VALUES ('new-{id}', 'new', '%s', false)" % SOURCE)

    new = Rows(folder, 'sunbird.user_organisation', lambda r: r['organisationid'] == SOURCE and ':' not in r['userid'])
    at = " WHERE userid = '{userid}' AND organisationid = '%s'" % SOURCE
    new.edit('DELETE FROM {t}' + at)
    new.edit('UPDATE {t} SET isdeleted = true' + at)
    new.edit("UPDATE {t} SET roles = roles + ['EDITED'], position = 'edited'" + at)
    new.edit("UPDATE {t} SET hashtagid = 'mine'" + at)
    new.edit('DELETE orgjoindate FROM {t}' + at)
    new.edit('DELETE FROM {t}' + at, "INSERT INTO {t} (userid, organisationid) VALUES ('{userid}', '%s')" % SOURCE)
    new.edit("INSERT INTO {t} (userid, organisationid, isdeleted, orgjoindate, roles) VALUES ('{userid}', '%s', true,"
             " '2029-01-01', ['MINE'])" % TARGET)
    new.edit("INSERT INTO {t} (userid, organisationid, isdeleted) VALUES ('new-{userid}', '%s', false)" % SOURCE)

    for table, at in (('sunbird.course_batch', " WHERE id = '{id}'"),
                      ('sunbird_courses.course_batch', " WHERE courseid = '{courseid}' AND batchid = '{batchid}'")):
        batch = Rows(folder, table, lambda r: SOURCE in r.get('createdfor', []))
        batch.edit('DELETE FROM {t}' + at)
        batch.edit("UPDATE {t} SET createdfor = ['%s']" % THIRD + at)
        batch.edit("UPDATE {t} SET createdfor = createdfor + ['edited']" + at)
        batch.edit("UPDATE {t} SET createdfor = ['first', '%s', '%s']" % (SOURCE, SOURCE) + at)
        batch.edit('DELETE createdfor FROM {t}' + at)
        batch.edit("UPDATE {t} SET name = 'edited'" + at)
        new = ("INSERT INTO {t} (courseid, batchid, createdfor) VALUES ('new-{batchid}', 'new', ['%s'])" if 'courses' in table
               else "INSERT INTO {t} (id, courseid, createdfor) VALUES ('new-{id}', 'new', ['%s'])")
        batch.edit(new % SOURCE)


main()
