import { Bed } from '@tessera/bed';

/*
 * A program that makes a bed and prints a line after each step: bed-maker.js NAME HOSTS KIND. Tests kill it, or let it end, and
 * go on with what it left.
 */
const [name = '', hosts = '1', kind = 'light'] = process.argv.slice(2);
process.stdout.write('begin\n');
await Bed.create({
  name,
  hosts: Number(hosts),
  kind: kind === 'full' ? 'full' : 'light',
  onProgress: ({ host = 'bed', message }) => void process.stdout.write(`${host}: ${message}\n`),
});
process.stdout.write('made\n');
