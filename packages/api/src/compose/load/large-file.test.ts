import assert from 'node:assert/strict';
import { load } from '../fixture.test.js';

const SERVICES = 500;
function bigFile(): string {
  const service = (index: number) => `  s${index}:
    image: example/app:\${TAG:-1}
    command: run --index ${index}
    environment:
      INDEX: ${index}
      LEVEL: info
      NAME: "service ${index}"
    ports:
      - "${10_000 + index}:80"
    volumes:
      - data:/data
      - ./conf:/conf:ro
    healthcheck:
      test: ["CMD", "check"]
      interval: 10s
    deploy:
      replicas: 2
      resources:
        limits: {cpus: "0.5", memory: 64M}
    labels:
      - team=core
`;
  return `services:\n${Array.from({ length: SERVICES }, (_, index) => service(index)).join('')}volumes:\n  data:\n`;
}

describe('A file of ten thousand lines', () => {
  it('is loaded whole', async () => {
    const text = bigFile();
    assert.ok(text.split('\n').length > 10_000);
    const { stack } = await load(text);
    assert.equal(stack.services.length, SERVICES);
  }).timeout(60_000);
});
