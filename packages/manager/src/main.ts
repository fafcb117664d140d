import { pinoLog, SystemClock, SystemRandom } from '@tessera/kit';
import { stopRequested } from '@tessera/kit/lifecycle/index';
import { formatAddress } from '@tessera/kit/transport/index';
import { CommanderError } from 'commander';
import { startManager } from './daemon/manager.js';
import { type ManagerOptions, parseOptions } from './daemon/options.js';

/** Runs a manager until it is told to stop. @returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let options: ManagerOptions;
  try {
    options = parseOptions(argv);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
  const log = pinoLog('tessera-manager', options.logLevel);
  try {
    const manager = await startManager(options, { clock: new SystemClock(), random: new SystemRandom(), log });
    const address = `https://${formatAddress(manager)}`;
    log.info({ address, dataDir: options.dataDir, store: options.store.split('?')[0] }, 'ready');
    process.stdout.write(`tessera-manager ready on ${address}\n`);
    const reason = await stopRequested();
    log.info({ reason }, 'stopping');
    await manager.stop();
    return 0;
  } catch (error) {
    process.stderr.write(`tessera-manager: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
