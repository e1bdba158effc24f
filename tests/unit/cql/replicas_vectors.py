#!/usr/bin/python3
"""replicas_vectors.py: writes replicas_vectors.h: where the Python driver says that rows are.

The driver shares no code with the program. Clusters and tokens are random, from a fixed seed. Clusters where the
driver (3.25) names a node twice are left out: it does that when a rack that is passed over comes by twice.
usage: replicas_vectors.py >replicas_vectors.h
"""
import random
from types import SimpleNamespace

from cassandra.metadata import Murmur3Token, NetworkTopologyStrategy, SimpleStrategy

HEAD = '''/* tests/unit/cql/replicas_vectors.h: written by replicas_vectors.py; do not edit. */
#ifndef TESTS_CQL_REPLICAS_VECTORS_H
#define TESTS_CQL_REPLICAS_VECTORS_H

#include <stdint.h>

enum { VECTOR_NODES_MAX = 9, VECTOR_TOKENS = 3, VECTOR_PROBES = 6, VECTOR_REPLICAS_MAX = 6 };

struct vector_node {
    const char *dc, *rack;
    int64_t tokens[VECTOR_TOKENS];
};

/* The replicas in "dc1", by number, -1 behind the last one, and what they are of. */
struct vector {
    int factor; /* of the class */
    int is_network;
    int node_count;
    struct vector_node nodes[VECTOR_NODES_MAX];
    struct {
        int64_t token;
        int replicas[VECTOR_REPLICAS_MAX];
    } probes[VECTOR_PROBES];
};

/* clang-format off */
static const struct vector vectors[] = {'''


def token(r):
    return r.randrange(-2**63 + 1, 2**63)


def literal(t):
    return 'INT64_C(%d)' % t


def cluster(r):
    nodes = []
    for i in range(r.randrange(1, 10)):
        dc = r.choice(['dc1', 'dc1', 'dc2']) if i else 'dc1'
        nodes.append(SimpleNamespace(number=i, datacenter=dc, rack=r.choice(['r1', 'r1', 'r2', 'r3']),
                                     tokens=[token(r) for _ in range(3)]))
    return nodes


def replicas(nodes, is_network, factor, wanted):
    owner = {Murmur3Token(t): n for n in nodes for t in n.tokens}
    ring = sorted(owner)
    factors = {dc: str(factor) for dc in {n.datacenter for n in nodes}}
    strategy = NetworkTopologyStrategy(factors) if is_network else SimpleStrategy({'replication_factor': str(factor)})
    found = strategy.make_token_replica_map({Murmur3Token(t.value): h for t, h in owner.items()}, ring)
    at = next((t for t in ring if t.value >= wanted), ring[0])
    return [n.number for n in found[at] if n.datacenter == 'dc1']


class Host(SimpleNamespace):
    __hash__ = object.__hash__


def main():
    r = random.Random(20)
    print(HEAD)
    i = 0
    while i < 24:
        nodes = [Host(**vars(n)) for n in cluster(r)]
        is_network, factor = i % 3 != 0, r.randrange(1, 6)
        probes = [token(r) for _ in range(4)] + [nodes[0].tokens[0], 2**63 - 1]
        answers = [(p, replicas(nodes, is_network, factor, p)) for p in probes]
        if any(len(set(found)) < len(found) for _, found in answers):
            continue
        i += 1
        print('    {%d, %d, %d, {' % (factor, is_network, len(nodes)))
        for n in nodes:
            print('        {"%s", "%s", {%s}},' % (n.datacenter, n.rack, ', '.join(map(literal, n.tokens))))
        print('    }, {')
        for p, found in answers:
            print('        {%s, {%s}},' % (literal(p), ', '.join(map(str, found + [-1]))))
        print('    }},')
    print('};\n/* clang-format on */\n\n#endif')


main()
