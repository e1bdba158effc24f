"""writer.py PORT FOLDER LOG SECONDS: an application that edits users and memberships while a move is at work.
writer.py judge LOG FOLDER: are all these edits still there, in the dumps of FOLDER?

Every row is written once, so what was written has to be there in the end.
"""
import json
import logging
import os
import random
import sys
import time

from rows import SOURCE, TARGET, load, values

THIRD = '01250000000000001000'
USER = {
    'delete': 'DELETE FROM sunbird.user WHERE id = %s',
    'rootorgid': "UPDATE sunbird.user SET rootorgid = '" + THIRD + "' WHERE id = %s",
    'channel': "UPDATE sunbird.user SET channel = 'mine' WHERE id = %s",
    'both': "UPDATE sunbird.user SET rootorgid = '" + THIRD + "', channel = 'mine' WHERE id = %s",
    'unrelated': "UPDATE sunbird.user SET firstname = 'edited' WHERE id = %s",
}
MEMBER = {
    'member': "UPDATE sunbird.user_organisation SET position = 'edited' WHERE userid = %s AND organisationid = '" + SOURCE + "'",
}


def write(port, folder, log, seconds):
    from cassandra.cluster import Cluster
    logging.getLogger('cassandra').setLevel(logging.CRITICAL)
    session = Cluster(['127.0.0.1'], port=int(port), protocol_version=4, schema_metadata_enabled=False,
                      token_metadata_enabled=False).connect()
    users = [key[0] for key, row in load(folder, 'sunbird.user').items() if values(row).get('rootorgid') == SOURCE]
    chance = random.Random(7)
    chance.shuffle(users)
    statements = {**USER, **MEMBER}
    end = time.monotonic() + float(seconds)
    with open(log, 'w', encoding='utf-8') as file:
        print('ready', flush=True)
        for user in users[:len(users) * 2 // 3]:
            if time.monotonic() > end:
                break
            kind = chance.choice(list(statements))
            session.execute(statements[kind], (user,))
            file.write(json.dumps([kind, user]) + '\n')
            time.sleep(0.004)
    os._exit(0)


def judge(log, folder):
    users = {key[0]: values(row) for key, row in load(folder, 'sunbird.user').items()}
    members = {key: values(row) for key, row in load(folder, 'sunbird.user_organisation').items()}
    wrong, count = [], 0
    for line in open(log, encoding='utf-8'):
        kind, user = json.loads(line)
        row = users.get(user)
        was = row and (row.get('rootorgid'), row.get('channel'))
        right = {'delete': row is None,
                 'rootorgid': was and was[0] == THIRD,
                 'channel': was == (TARGET, 'mine'),
                 'both': was == (THIRD, 'mine'),
                 'unrelated': was == (TARGET, 'rj') and row['firstname'] == 'edited',
                 'member': was == (TARGET, 'rj') and (user == 'user:elsewhere' or
                                                      members.get((user, TARGET), {}).get('position') == 'edited')}
        count += 1
        if not right[kind]:
            wrong.append('%s of %s: %s %s' % (kind, user, row, members.get((user, TARGET))))
    left = [key for key in members if key[1] == SOURCE] + [u for u, row in users.items() if row.get('rootorgid') == SOURCE]
    if left:
        wrong.append('still at the old tenant: %s' % left[:5])
    if count < 20:
        wrong.append('only %d edits were done' % count)
    for line in wrong[:20]:
        print(line)
    sys.exit('%d of %d edits are not as they should be' % (len(wrong), count) if wrong else 0)


if __name__ == '__main__':
    judge(*sys.argv[2:]) if sys.argv[1] == 'judge' else write(*sys.argv[1:])
