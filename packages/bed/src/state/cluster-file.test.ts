import assert from 'node:assert/strict';
import { type ClusterFile, parseClusterFile } from './cluster-file.js';

const FILE: ClusterFile = {
  version: 1,
  kind: 'light',
  internet: false,
  createdAtMs: 1_900_000_000_000,
  subnet: 3,
  hosts: [1, 2, 3],
  share: ['/usr/local/bin/node'],
};

function parse(changes: Record<string, unknown>): ClusterFile {
  return parseClusterFile(JSON.stringify({ ...FILE, ...changes }), '/state/dev/cluster.json');
}

describe("a cluster's file", () => {
  it('reads back what was written', () => {
    assert.deepEqual(parse({}), FILE);
  });

  it('may lack a subnet, when a crash came before one was claimed', () => {
    const { subnet: _, ...early } = FILE;
    assert.deepEqual(parseClusterFile(JSON.stringify(early), 'cluster.json'), early);
  });

  it('is refused with its path and the fault when damaged', () => {
    assert.throws(() => parseClusterFile('{"version":1,', '/state/dev/cluster.json'), /\/cluster\.json: not JSON/);
    assert.throws(() => parseClusterFile('[]', 'x'), /not an object/);
    assert.throws(() => parse({ version: 2 }), /version 2, this program knows version 1/);
    assert.throws(() => parse({ kind: 'cloud' }), /kind cloud/);
    assert.throws(() => parse({ internet: 'yes' }), /internet/);
    assert.throws(() => parse({ createdAtMs: null }), /createdAtMs/);
    assert.throws(() => parse({ subnet: 255 }), /subnet 255/);
    assert.throws(() => parse({ hosts: [0] }), /hosts/);
    assert.throws(() => parse({ hosts: 'node1' }), /hosts/);
    assert.throws(() => parse({ share: [1] }), /share/);
  });
});
