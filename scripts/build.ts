/** `npm run build`: makes what is not in the repository: the native core and the bundle, as far as they are out of date. */
import { spawnSync } from 'node:child_process'

for (const part of ['build-native.ts', 'bundle.ts']) {
  const { status } = spawnSync(process.execPath, [`${import.meta.dirname}/${part}`], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
