/** Where a distribution keeps the tools of root; sudo and cron may leave them out. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** PATH, with the folders of root's tools at its end where it lacks them. */
export function searchPath(env: NodeJS.ProcessEnv = process.env): string {
  return [...new Set([...(env.PATH ?? '').split(':').filter(Boolean), ...SYSTEM_FOLDERS])].join(':');
}
