"""nodes.py FILE: the nodes of an embedded file, one JSON list per line, as lib.sh asks Neo4j for them."""
import json
import sqlite3
import struct
import sys


def texts(value):
    """A list in Cassandra's encoding: a count, then each element behind its length."""
    count, at, found = struct.unpack_from('>i', value)[0], 4, []
    for _ in range(count):
        n = struct.unpack_from('>i', value, at)[0]
        found.append(value[at + 4:at + 4 + n].decode())
        at += 4 + n
    return found


file = sqlite3.connect('file:%s?mode=ro' % sys.argv[1], uri=True)
file.text_factory = bytes
nodes = {number: {} for number, in file.execute("SELECT id FROM nodes WHERE label = 'domain'")}
for number, name, is_list, value in file.execute('SELECT node_id, name, is_list, value FROM properties'):
    nodes[number][name.decode()] = texts(value) if is_list else value.decode()
for node in nodes.values():
    print(json.dumps([node.get(name) for name in ('IL_UNIQUE_ID', 'channel', 'createdFor', 'name', 'IL_FUNC_OBJECT_TYPE')],
                     ensure_ascii=False))
