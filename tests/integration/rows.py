"""rows.py: compares dumps of tables, row by row.

same EXPECTED ACTUAL            two folders of dumps: the same rows, columns, values and writetimes
moved PLANNED EDITED ORACLE ACTUAL
    dumps of the server when the plan was made, after others edited it, of the oracle (which moved what was planned,
    without edits), and of the server after apply: rows that nobody edited are as the oracle's, edited ones as a model
    of the promise says: what was edited stays, and what still names the old tenant has moved
"""
import json
import os
import sys

SOURCE, TARGET, CHANNEL = '01241408242723225614', '01246375399411712074', 'rj'
KEYS = {'sunbird.user': ['id'], 'sunbird.user_org': ['id'], 'sunbird.user_organisation': ['userid', 'organisationid'],
        'sunbird.organisation': ['id'], 'sunbird.course_batch': ['id'], 'sunbird_courses.course_batch': ['courseid', 'batchid'],
        'sunbird.system_settings': ['id'], 'sunbird.user_roles': ['userid', 'role']}
# The clock decides the writetimes of conditional writes: lists, merged rows, the old organisation.
CLOCK = {'sunbird.course_batch': ['createdfor'], 'sunbird_courses.course_batch': ['createdfor'],
         'sunbird.organisation': ['status']}
SHOWN = 20


def load(folder, table):
    rows = {}
    with open(os.path.join(folder, table), encoding='utf-8') as file:
        for line in file:
            row = json.loads(line)
            key = tuple(row[k] for k in KEYS[table])
            if key in rows:
                sys.exit('%s: two rows with the key %s' % (table, key))
            rows[key] = row
    return rows


def stamped(value):
    """Of [value, writetime]: both; of a key or a collection: the value and nothing."""
    if isinstance(value, list) and len(value) == 2 and type(value[1]) is int and value[1] > 10**12:
        return value[0], value[1]
    return value, None


def values(row):
    return {name: stamped(cell)[0] for name, cell in row.items()}


def differences(table, expected, actual, with_times):
    for key in sorted(expected.keys() | actual.keys()):
        a, b = expected.get(key), actual.get(key)
        if a is None or b is None:
            yield '%s %s: %s: %s' % (table, key, 'should not be there' if a is None else 'is missing', a or b)
            continue
        if not with_times:
            a, b = values(a), values(b)
        for column in sorted(a.keys() | b.keys()):
            x, y = a.get(column), b.get(column)
            if column in CLOCK.get(table, []):
                x, y = stamped(x)[0], stamped(y)[0]
            if x != y:
                yield '%s %s %s: %s in place of %s' % (table, key, column, y, x)


def finish(found):
    for line in found[:SHOWN]:
        print(line)
    if found:
        sys.exit('%d differences' % len(found))


def same(expected, actual):
    found = []
    for table in sorted(os.listdir(expected)):
        a, b = load(expected, table), load(actual, table)
        if not a and table != 'sunbird.user_roles':
            found.append('%s: the oracle is empty' % table)
        # Rows that met one of the target are written with the clock.
        found += differences(table, a, b, with_times=table != 'sunbird.user_organisation')
    finish(found)


def replaced(ids):
    out = []
    for one in ids:
        one = TARGET if one == SOURCE else one
        if one != TARGET or TARGET not in out:
            out.append(one)
    return out


def merged(source, target):
    """What rule `membership` makes of two rows: live beats deleted, the earlier date, both lists."""
    row = {**source, **target}
    flags = [r['isdeleted'] for r in (source, target) if 'isdeleted' in r]
    dates = [r['orgjoindate'] for r in (source, target) if 'orgjoindate' in r]
    roles = target.get('roles', []) + [r for r in source.get('roles', []) if r not in target.get('roles', [])]
    for name, value in (('isdeleted', all(flags) if flags else None), ('orgjoindate', min(dates, default=None)),
                        ('roles', roles or None)):
        if value is not None:
            row[name] = value
    return row


def member(edited, user):
    """The memberships of a user whose row at the old or the new tenant was edited."""
    source, target = (values(edited[key]) if key in edited else None for key in ((user, SOURCE), (user, TARGET)))
    if source:
        source['organisationid'] = source['hashtagid'] = TARGET
        target = merged(source, target) if target else source
    return target


def model(table, planned, edited):
    """What an edited row becomes."""
    row = values(edited)
    if table in ('sunbird.user', 'sunbird.user_org'):
        first, second, new = (('rootorgid', 'channel', CHANNEL) if table == 'sunbird.user' else
                              ('organisationid', 'hashtagid', TARGET))
        if row.get(first) != SOURCE:
            return row
        row[first] = TARGET
        planned_again = planned is None or planned.get(first) != edited.get(first)
        if planned_again or (planned.get(second) == edited.get(second)):
            row[second] = new
    elif table.endswith('course_batch') and SOURCE in row.get('createdfor', []):
        row['createdfor'] = replaced(row['createdfor'])
    return row


def moved(planned_at, edited_at, oracle_at, actual_at):
    found, edits = [], 0
    for table in sorted(os.listdir(planned_at)):
        planned, edited, oracle, actual = (load(x, table) for x in (planned_at, edited_at, oracle_at, actual_at))
        expected = {key: values(row) for key, row in oracle.items()}
        touched = [key for key in planned.keys() | edited.keys() if planned.get(key) != edited.get(key)]
        edits += len(touched)
        for key in touched:
            expected.pop(key, None)
            if table == 'sunbird.user_organisation' and key[1] in (SOURCE, TARGET):
                expected.pop((key[0], TARGET), None)
                row = member(edited, key[0])
            else:
                row = model(table, planned.get(key), edited[key]) if key in edited else None
            if row:
                expected[tuple(row[k] for k in KEYS[table])] = row
        found += differences(table, expected, {k: values(r) for k, r in actual.items()}, with_times=False)
    if not edits:
        found.append('there were no edits')
    finish(found)
    print('%d edited rows are as they should be' % edits)


if __name__ == '__main__':
    {'same': same, 'moved': moved}[sys.argv[1]](*sys.argv[2:])
