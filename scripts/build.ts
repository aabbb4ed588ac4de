/**
 * `npm run build`: makes what is generated from sources, where it is missing or out of date. `npm run build -- --dist`
 * also bundles the program into dist/ as it is published.
 */
import { spawnSync } from 'node:child_process'

const parts = ['scripts/build-native.ts', 'scripts/build-schemas.ts']
if (process.argv.includes('--dist')) parts.push('scripts/bundle.ts')

for (const part of parts) {
  const { status } = spawnSync(process.execPath, [part], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
