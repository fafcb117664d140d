import assert from 'node:assert/strict';
import { parseConstraint } from '@tessera/api/placement/constraint';
import { readyNode } from '../model/testing/builders.js';
import { holds } from './constraint.js';

const node = readyNode('alpha', { labels: { Zone: 'EU-west', disk: 'ssd' } });
node.description!.address = '10.1.2.3';
node.description!.engine.labels = { gpu: 'A100' };

const cases: Array<[text: string, holds: boolean]> = [
  ['node.labels.disk==ssd', true],
  ['node.labels.disk == SSD', true],
  ['node.labels.disk!=ssd', false],
  ['node.labels.Zone==eu-WEST', true],
  ['node.labels.zone==eu-west', false],
  ['node.labels.zone!=eu-west', true],
  ['node.labels.missing==', true],
  ['NODE.ROLE==worker', true],
  ['node.id==alpha', true],
  ['node.hostname!=beta', true],
  ['node.platform.os==Linux', true],
  ['node.platform.arch==amd64', true],
  ['node.platform.arch==x86_64', true],
  ['node.platform.arch==aarch64', false],
  ['engine.labels.gpu==a100', true],
  ['node.ip==10.1.2.3', true],
  ['node.ip==10.1.0.0/16', true],
  ['node.ip!=10.1.0.0/16', false],
  ['node.ip==10.2.0.0/16', false],
  ['node.ip==fd00::/8', false],
  ['node.labels.Zone in (us, EU-west)', true],
  ['node.hostname =~ ^al', true],
  ['engine.labels.missing > 1', false],
];

describe('a placement constraint', () => {
  for (const [text, expected] of cases) {
    it(`${text} ${expected ? 'holds' : 'does not hold'} on a node that is so`, () => {
      assert.equal(holds(parseConstraint(text), node), expected);
    });
  }
});
