/**
 * Before `npm pack`: the bundle with the licences of what is in it, and the native core for both architectures, so that
 * users need no compiler.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundledLicenses } from './licenses.ts'

const root = join(import.meta.dirname, '..')
const compilers = { x64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc' }

const run = (script: string, env: NodeJS.ProcessEnv = {}): void => {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, script)], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (status !== 0) process.exit(status ?? 1)
}

run('bundle.ts')
writeFileSync(join(root, 'dist/LICENSES.txt'), bundledLicenses(root))
for (const [arch, compiler] of Object.entries(compilers))
  run('build-native.ts', { CC: compiler, NATIVE_OUT: join(root, 'native', arch) })
