// Removes what the build made. `tsc -b` never deletes outputs of sources that are gone, so a clean build starts here.
import { readdirSync, rmSync } from 'node:fs';

const packages = readdirSync('packages').map((name) => `packages/${name}/dist`);
for (const path of [...packages, 'test/dist', 'coverage']) rmSync(path, { recursive: true, force: true });
