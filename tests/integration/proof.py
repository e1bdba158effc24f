"""proof.py PROOF [OTHER]: is a proof clean, without anything left, right in every document, and like another one?
proof.py deleted PROOF: how many documents of deleted users are not there, and how many are left as they were."""
import json
import sys


def load(path):
    with open(path, encoding='utf-8') as file:
        proof = json.load(file)
    # What becomes of deleted users' documents is each service's own way.
    proof['of deleted users'] = [(n.pop('absent'), n.pop('of deleted users, left')) for n in proof['documents'].values()]
    return proof


def faults(proof):
    if proof['clean'] is not True:
        yield 'it is not clean'
    if proof['references left']['rows'] or proof['nodes']['left']:
        yield 'references are left: %s, nodes %s' % (proof['references left'], proof['nodes'])
    for rule, n in proof['rules'].items():
        if n['changes'] != n['read back']:
            yield 'rule %s: %s' % (rule, n)
    for kind, n in proof['documents'].items():
        if n['synced'] != n['right']:
            yield '%s documents: %s' % (kind, n)


if sys.argv[1] == 'deleted':
    print(*(sum(kind) for kind in zip(*load(sys.argv[2])['of deleted users'])))
    sys.exit()
first = load(sys.argv[1])
wrong = list(faults(first))
if len(sys.argv) > 2:
    other = load(sys.argv[2])
    for part in ('source', 'target', 'rules', 'changes read back', 'references left', 'nodes', 'documents'):
        if first[part] != other[part]:
            wrong.append('%s: %s and %s' % (part, first[part], other[part]))
for line in wrong:
    print(line)
sys.exit(bool(wrong))
