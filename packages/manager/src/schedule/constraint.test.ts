import assert from 'node:assert/strict';
import { readyNode } from '../model/testing/builders.js';
import { ConstraintError, holds, parseConstraint } from './constraint.js';

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
];

const broken: Array<[text: string, says: RegExp]> = [
  ['node.labels.disk=ssd', /expected one == or !=/],
  ['node.labels.disk', /expected one == or !=/],
  ['a==b==c', /expected one == or !=/],
  ['node.label.disk==ssd', /unknown key "node.label.disk"/],
  ['node.labels.==ssd', /unknown key/],
  ['node.role==', /value is empty/],
  ['node.ip==10.1.2.300', /neither an IP address nor a network/],
  ['node.ip==10.1.0.0/33', /neither an IP address nor a network/],
];

describe('a placement constraint', () => {
  for (const [text, expected] of cases) {
    it(`${text} ${expected ? 'holds' : 'does not hold'} on a node that is so`, () => {
      assert.equal(holds(parseConstraint(text), node), expected);
    });
  }
  for (const [text, says] of broken) {
    it(`${text} is refused with a reason`, () => {
      assert.throws(
        () => parseConstraint(text),
        (error) => error instanceof ConstraintError && says.test(error.message),
      );
    });
  }
});
